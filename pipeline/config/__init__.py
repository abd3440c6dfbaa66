"""Settings: partwork.toml, then PARTWORK_SECTION__KEY in the environment, then secret files."""

from pipeline.config.settings import FILE_NAME, MASK, Settings, effective, known_keys, load

__all__ = ["FILE_NAME", "MASK", "Settings", "effective", "known_keys", "load"]
