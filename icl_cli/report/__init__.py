"""What people look at: figures, tables, one HTML page, and the tables of the database as files.

Nothing is re-exported: `icl_cli.report.export` answers without loading matplotlib and JAX, which only
`icl_cli.report.write` needs.
"""
