"""The data of lltool: shipped profiles (``*.toml``) and the settings catalogue (``catalogue/*.toml``).

Read it through ``importlib.resources.files("lltool.profiles")``, which holds in a wheel, a checkout and a zip.
"""
