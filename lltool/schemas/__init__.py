"""The JSON Schema of every document that lltool prints: ``lltool.verify/1`` is in ``lltool.verify-1.json``."""
