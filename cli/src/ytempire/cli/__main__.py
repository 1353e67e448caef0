"""`python -m ytempire.cli` is the `ytempire` command."""

from ytempire.cli.main import main

if __name__ == "__main__":
    main()
