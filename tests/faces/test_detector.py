"""What every face detector must do, in every mode. A new one is done when it passes."""
