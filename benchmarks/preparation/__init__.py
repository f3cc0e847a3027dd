"""Preparation of datasets: how reliably images of one field are recognised."""
