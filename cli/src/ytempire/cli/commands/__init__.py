"""The sub-commands of `ytempire`, one module each; `ytempire.cli.main` names them."""
