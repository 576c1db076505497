"""What leaves: the shapes consumers read, as pure functions of what the store holds.

Within /v1 these shapes only ever gain fields: nothing is removed, renamed, or changes its meaning or type. A test holds
the published JSON Schema to that.
"""
