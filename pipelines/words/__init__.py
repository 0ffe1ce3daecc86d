"""Everything that people read in two languages: one catalogue of English and French, and the one writer of figures.

Belongs here: the words (`codes.csv` for the codes of the tables, the others by who says them), plural, numbers, units and
days as each language writes them. Does not belong here: which words a file uses (`exports`, `explain`), alerts and their
remedies (`pipelines.alerts`), names of KPIs (`kpi__definitions.csv`).

In the catalogue `{name}` is where something is put, `{rows:row|rows}` a number and the word that it asks for, `one|several`
the two forms of a unit. French has its plural from 2 on, and a no-break space before `:`, `;`, `!`, `?`, `%` and within « ».
The same English is the same French throughout. The trade's words are kept to: stock de sécurité, point de commande, délai
de livraison, durée de conservation, rupture, proposition, à valider, site, reliquat client.
"""
