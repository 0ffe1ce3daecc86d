"""Tests of the adapters: one file a vendor's document, and what several documents of one story say together."""
