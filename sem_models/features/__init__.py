"""Features of networks trained on ImageNet, for metrics and losses."""
