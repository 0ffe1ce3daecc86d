"""Alerts: the history of troubles, one row a trouble however often it is seen.

Belongs here: looking at what the published tables say is wrong, and writing down what opened, changed or was resolved.
Does not belong here: what a trouble is (the dbt views behind `ops.alerts_now`), sending alerts anywhere, printing.
"""
