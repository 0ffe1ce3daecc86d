"""Tests of the feeds: declarations, readers, identity, bad files. No Beam here."""
