"""One file for each thing that can be done here and is more than recording an intent."""
