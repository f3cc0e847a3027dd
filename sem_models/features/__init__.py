"""Features of networks trained on ImageNet, for losses and scores."""
