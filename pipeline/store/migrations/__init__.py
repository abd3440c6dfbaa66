"""The migrations, run by `pipeline.store.engine` through Alembic."""
