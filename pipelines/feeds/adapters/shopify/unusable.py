"""Shopify's other documents: known by shape, refused by name.

A row is (type in the global id, name alone, name of a page, title, fields by which a body is told). The names are those
under which the Admin REST API 2024-10 wraps a body; the fields keep a vendor apart who calls something else the same.
Returns stand here, too: what the webhooks of returns send names neither item nor time; goods that come back are told by
the warehouse (`return_receive`).
"""

from __future__ import annotations

from typing import Any, Final

from pipelines.feeds.adapters.adapter import Unusable
from pipelines.feeds.adapters.shopify.common import GID_FIELD, is_body, marks_of

_KINDS: Final = (
    # orders and what surrounds them
    ("OrderEdit", "order_edit", "order_edits", "order edit (the order that comes with it says it whole)", "order_id line_items"),
    ("Return", "return", "returns", "return (it names no item; the warehouse tells what comes back)", "return_line_items"),
    ("DraftOrder", "draft_order", "draft_orders", "draft order (no order yet)", "line_items invoice_url status"),
    ("FulfillmentEvent", "fulfillment_event", "fulfillment_events", "fulfillment event (it names no line)", "fulfillment_id happened_at"),
    ("FulfillmentOrder", "fulfillment_order", "fulfillment_orders", "fulfillment order (what is to be sent)", "assigned_location_id line_items"),
    ("FulfillmentService", "fulfillment_service", "fulfillment_services", "fulfillment service", "inventory_management tracking_support"),
    ("Checkout", "checkout", "checkouts", "checkout (no order yet)", "cart_token line_items completed_at"),
    ("Cart", "cart", "carts", "cart (no order yet)", "token line_items updated_at"),
    ("OrderRisk", "risk", "risks", "order risk", "cause_cancel recommendation"),
    ("OrderTransaction", "transaction", "transactions", "payment", "amount id"),
    ("TenderTransaction", "tender_transaction", "tender_transactions", "payment", "amount payment_method"),
    ("ShopifyPaymentsDispute", "dispute", "disputes", "dispute", "evidence_due_by reason"),
    ("ShopifyPaymentsPayout", "payout", "payouts", "payout", "amount status"),
    ("Refund", "refund", "refunds", "calculation of a refund", "refund_line_items transactions"),
    ("GiftCard", "gift_card", "gift_cards", "gift card", "initial_value balance"),
    ("GiftCardAdjustment", "adjustment", "adjustments", "adjustment of a gift card", "gift_card_id amount"),
    # items and places
    ("InventoryItem", "inventory_item", "inventory_items", "inventory item without its SKU", "id"),
    ("InventoryLevel", "inventory_level", "inventory_levels", "disconnected inventory level", "inventory_item_id location_id"),
    ("Product", "product", "products", "product without its variants", "id product_type handle"),
    ("ProductVariant", "variant", "variants", "variant of a product without its SKU", "inventory_quantity price"),
    ("ProductImage", "image", "images", "image of a product", "product_id position"),
    ("ProductListing", "product_listing", "product_listings", "product listing", "product_id variants"),
    ("ProductPublication", "product_publication", "product_publications", "product publication", "publication_id product_id"),
    ("Collection", "collection", "collections", "collection of products", "handle sort_order"),
    ("CollectionListing", "collection_listing", "collection_listings", "collection listing", "collection_id sort_order"),
    ("CollectionPublication", "collection_publication", "collection_publications", "collection publication", "publication_id collection_id"),
    ("Publication", "publication", "publications", "publication", "id name created_at"),
    ("Location", "location", "locations", "location", "country_code deleted_at"),
    # the shop and its people
    ("Customer", "customer", "customers", "customer", "orders_count state"),
    ("CustomerInvite", "customer_invite", "customer_invites", "invitation of a customer", "custom_message subject"),
    ("CustomerSavedSearch", "customer_saved_search", "customer_saved_searches", "saved search", "query"),
    ("DraftOrderInvoice", "draft_order_invoice", "draft_order_invoices", "invoice of a draft order", "custom_message subject"),
    ("User", "user", "users", "user", "account_owner permissions"),
    ("Shop", "shop", "shops", "shop", "plan_name shop_owner"),
    ("Currency", "currency", "currencies", "currency", "rate_updated_at enabled"),
    ("ShippingZone", "shipping_zone", "shipping_zones", "shipping zone", "weight_based_shipping_rates"),
    ("DeliveryCarrierService", "carrier_service", "carrier_services", "carrier service", "callback_url service_discovery"),
    ("PriceRule", "price_rule", "price_rules", "price rule", "allocation_method"),
    ("DiscountCode", "discount_code", "discount_codes", "discount code", "code id"),
    ("DiscountCodeCreation", "discount_code_creation", "discount_code_creations", "making of discount codes", "price_rule_id"),
    ("Discount", "discount", "discounts", "discount", "discount_type"),
    ("MarketingEvent", "marketing_event", "marketing_event", "marketing event", "event_target"),
    ("MarketingEngagement", "engagement", "engagements", "marketing engagement", "impressions_count"),
    ("ShopifyPaymentsBalance", "balance", "balance", "balance", "amount currency"),
    ("Event", "event", "events", "event of the shop's log", "subject_type verb"),
    ("Metafield", "metafield", "metafields", "metafield", "namespace key"),
    ("Report", "report", "reports", "report", "shopify_ql"),
    ("Blog", "blog", "blogs", "blog", "commentable"),
    ("Article", "article", "articles", "article of a blog", "blog_id"),
    ("Asset", "asset", "assets", "file of a theme", "public_url key"),
    ("Theme", "theme", "themes", "theme", "previewable"),
    ("Page", "page", "pages", "page", "shop_id body_html"),
    ("Webhook", "webhook", "webhooks", "webhook", "topic address"),
    # apps
    ("AppCredit", "application_credit", "application_credits", "app credit", "amount description"),
    ("AppRecurringCharge", "recurring_application_charge", "recurring_application_charges", "app charge", "update_capped_amount_url"),
    ("AppSubscription", "recurring_application_charge", "recurring_application_charges", "app charge", "billing_on"),
    ("AppUsageRecord", "usage_charge", "usage_charges", "app charge", "recurring_application_charge_id"),
    ("AccessScope", "access_scope", "access_scopes", "access scope", "handle"),
    ("StorefrontAccessToken", "storefront_access_token", "storefront_access_tokens", "access token", "access_scope"),
)  # fmt: skip

_BARE: Final = frozenset(
    {
        "ProductListing", "CollectionListing", "Return", "OrderEdit", "OrderTransaction", "Product", "InventoryLevel", "Checkout", "Cart",
        "ShopifyPaymentsDispute", "TenderTransaction", "CustomerSavedSearch", "Shop", "Theme",
    }
)  # fmt: skip
"""Types whose bodies also come bare and without a global id: a webhook's, or the elements of a bare list."""
_MORE_OF_BARE: Final = {
    "OrderTransaction": "amount gateway kind",
    "OrderEdit": "order_id staff_note line_items",
    "Checkout": "cart_token line_items",
    "Cart": "token line_items updated_at created_at",
    "ShopifyPaymentsDispute": "evidence_due_by network_reason_code",
    "TenderTransaction": "remote_reference payment_method",
    "CustomerSavedSearch": "query name",
    "Shop": "myshopify_domain plan_name",
    "Theme": "theme_store_id previewable",
}
_OTHER_WEBHOOKS: Final = (
    ("request about somebody's data", frozenset({"shop_id", "shop_domain"})),
    ("assessment of an order's risk", frozenset({"risk_level", "admin_graphql_api_order_id"})),
    ("consent of a customer", frozenset({"email_marketing_consent"})),
    ("consent of a customer", frozenset({"sms_marketing_consent"})),
    ("checkout (no order yet)", frozenset({"buyer_accepts_sms_marketing", "presentment_currency"})),
    ("payment that falls due", frozenset({"payment_terms_id", "due_at"})),
    ("domain of the shop", frozenset({"host", "ssl_enabled"})),
    ("language of the shop", frozenset({"locale", "published"})),
    ("market", frozenset({"enabled", "regions"})),
    ("removal of tags or of a member", frozenset({"customerId", "occurredAt"})),
)
"""Bodies of webhooks without a global id: title, and fields by which they are told."""


def _known(type_name: str, one: str, many: str, title: str, fields: str) -> Unusable:
    told_by = frozenset(fields.split())
    told_bare = frozenset(_MORE_OF_BARE.get(type_name, fields).split()) if type_name in _BARE else frozenset({GID_FIELD})

    def recognises(document: Any) -> bool:
        if not isinstance(document, dict):
            return False
        if len(document) == 1:
            ((name, inner),) = document.items()
            if name in (one, many):
                body = inner[0] if isinstance(inner, list) and inner else inner
                return body == [] or (isinstance(body, dict) and (told_by <= body.keys() or _is_deletion(body)))
        if type_name in _BARE:
            return is_body(document, type_name, told_bare)
        return GID_FIELD in document and is_body(document, type_name, told_bare)

    return Unusable(f"Shopify {title}", marks_of(one, many, min(told_bare)), recognises)


def _webhook(title: str, fields: frozenset[str]) -> Unusable:
    def recognises(document: Any) -> bool:
        return isinstance(document, dict) and fields <= document.keys()

    return Unusable(f"Shopify {title}", frozenset({min(fields)}), recognises)


def _is_deletion(body: dict[str, Any]) -> bool:
    """Whether a wrapped body is what a webhook sends of a thing that is gone: nothing but ids."""
    return bool(body) and all(name == "id" or name.endswith("_id") for name in body)


def _is_word_list(document: Any) -> bool:
    if not isinstance(document, dict) or len(document) != 1:
        return False
    ((name, inner),) = document.items()
    return name in ("tags", "authors") and isinstance(inner, list) and all(isinstance(word, str) for word in inner)


def _is_id_list(document: Any) -> bool:
    if not isinstance(document, dict) or len(document) != 1:
        return False
    ((name, inner),) = document.items()
    return name == "product_ids" and isinstance(inner, list)


def _is_count(document: Any) -> bool:
    return isinstance(document, dict) and document.keys() == {"count"} and not isinstance(document["count"], dict | list)


SHOPIFY_UNUSABLE: Final = (
    *(_known(*kind) for kind in _KINDS),
    *(_webhook(*kind) for kind in _OTHER_WEBHOOKS),
    Unusable("Shopify list of words", frozenset({"tags", "authors"}), _is_word_list),
    Unusable("Shopify list of products' ids", frozenset({"product_ids"}), _is_id_list),
    Unusable("Shopify count", frozenset({"count"}), _is_count),
)
