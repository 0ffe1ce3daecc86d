"""Tests of ingest: deliveries, units, the spool, Beam in batch and as a stream."""
