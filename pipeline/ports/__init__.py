"""What the shells of the stages need from outside, each port with the promises that every adapter keeps.

One contract suite per port under ``tests/contract`` runs against every adapter.
"""
