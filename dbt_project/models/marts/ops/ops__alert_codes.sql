{{ config(materialized='view') }}

-- The rows of pipelines/alerts/codes.csv, in its order; a test holds the two to each other.
with codes (alert_code, severities, alert_name, alert_name_fr, to_do, to_do_fr) as (
    values
    (
        'stockout',
        'critical warning',
        'Out of stock',
        'Rupture',
        'Order or transfer; where a buffer holds the goods back, lower it',
        'Commander ou transférer ; si un stock tampon retient la marchandise, le baisser'
    ),
    (
        'stock_below_rop',
        'warning info',
        'Below the reorder point',
        'Sous le point de commande',
        'Approve the proposed order; nothing to do where it is ordered already',
        'Valider la proposition de commande ; rien à faire si c’est déjà commandé'
    ),
    (
        'negative_stock',
        'warning',
        'Stock below zero',
        'Stock négatif',
        'Count the shelf, and look for the receipt that is missing',
        'Compter le rayon et chercher la réception qui manque'
    ),
    (
        'inventory_gap',
        'warning',
        'Books and stock list differ',
        'Écart entre le stock comptable et l’état de stock',
        'Count the shelf, then correct whichever of the two is wrong',
        'Compter le rayon puis corriger celui des deux qui est faux'
    ),
    (
        'po_late',
        'critical warning info',
        'Purchase order late',
        'Commande fournisseur en retard',
        'Chase the supplier, or cancel the order',
        'Relancer le fournisseur ou annuler la commande'
    ),
    (
        'desync',
        'critical warning info',
        'Channel shows another stock',
        'Stock affiché désynchronisé',
        'Send the channel its stock again',
        'Renvoyer le stock au canal'
    ),
    (
        'dropship_feed_stale',
        'warning info',
        'Supplier''s stock is out of date',
        'Stock fournisseur périmé',
        'Ask the supplier for its stock list',
        'Demander son état de stock au fournisseur'
    ),
    (
        'feed_missing',
        'critical warning',
        'A source is silent',
        'Une source ne répond plus',
        'Check the system that sends, and the way here',
        'Vérifier le système émetteur et la liaison'
    ),
    (
        'feed_incomplete',
        'critical warning',
        'Stock list too short',
        'État de stock incomplet',
        'Ask for the whole list',
        'Demander l’état de stock complet'
    ),
    (
        'schema_drift',
        'warning info',
        'Fields have changed',
        'Champs modifiés',
        'A missing field: have it sent again; a new one: map it, if it matters',
        'Champ manquant : le faire renvoyer ; champ nouveau : le reprendre, s’il est utile'
    ),
    (
        'uom_unknown',
        'warning',
        'Unknown unit',
        'Unité inconnue',
        'Deliver the unit in reference/uoms',
        'Livrer l’unité dans reference/uoms'
    ),
    (
        'gate_failed',
        'critical warning',
        'Data check failed',
        'Contrôle de données en échec',
        'Read parstock gates; have the data sent again, or fix it',
        'Lire parstock gates ; faire renvoyer les données, ou les corriger'
    ),
    (
        'build_failed',
        'critical warning',
        'A build failed',
        'Construction des tables en échec',
        'Read parstock gates; correct the data or the model and build again, or accept what was found',
        'Lire parstock gates ; corriger les données ou le modèle et reconstruire, ou accepter ce qui a été trouvé'
    ),
    (
        'gate_disagrees',
        'warning',
        'Two answers to one data check',
        'Deux réponses au même contrôle',
        'The gate''s answer stands; report it with both answers',
        'La réponse du contrôle fait foi ; le signaler avec les deux réponses'
    ),
    (
        'run_failed',
        'critical',
        'A scheduled run failed',
        'Traitement planifié en échec',
        'Read the run''s log and start it again',
        'Lire le journal du traitement et le relancer'
    ),
    (
        'process_silent',
        'critical',
        'A process does not answer',
        'Un processus ne répond plus',
        'Run parstock doctor; restart parstock up',
        'Lancer parstock doctor ; redémarrer parstock up'
    )
)

select * from codes
