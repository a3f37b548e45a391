"""Proof over the null region: how large an error rate can become anywhere in it, with a certificate.

An error is an event that a path through the plan's tree decides (`events`). Where more responses of an arm can only
help it, which `coupling` finds out from the boundaries, the worst rate of that arm is an end of its range. Over what is
left the error is a polynomial, bounded on tiles by its Bernstein coefficients (`bernstein`) or, if there are too many,
by the information that the patients carry (`information`). `null_region` puts these together. What can only be
simulated is bounded by `simulated`.
"""
