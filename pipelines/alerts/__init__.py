"""Alerts: what needs somebody, one row an alert however often it is seen.

Belongs here: the list of codes, looking at what the published tables raise, and storing what is open, opened, changed or over.
Does not belong here: when an alert is raised (the dbt models behind `ops.alerts_now`), sending alerts anywhere, printing.
"""
