"""Pictures of every page, for `docs/screens` and the READMEs: made by `make screens`, on a throw-away database."""
