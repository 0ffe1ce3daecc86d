"""Documents of WooCommerce's REST API v3 and its webhooks; orders and refunds are read through shipped mappings.

Belongs here: what these documents say (`*.toml`), how each is recognised, and what is of no use. Does not belong here: reading a
mapping (`pipelines.feeds.mapping`).
"""
