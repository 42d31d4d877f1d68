# exercise: dot_product_attention_backward
# slip: two slips: treats softmax like a sigmoid (only the diagonal, weights (1 - weights) dweights), and forgets 1/sqrt(H) in dprev_h
import torch


def dot_product_attention_backward(dattn, prev_h, A, weights):
    scale = A.shape[1] ** -0.5
    dweights = torch.einsum("nc,ncij->nij", dattn, A)
    dscore = weights * (1 - weights) * dweights
    dprev_h = torch.einsum("nij,ncij->nc", dscore, A)
    dA = torch.einsum("nij,nc->ncij", weights, dattn)
    dA = dA + scale * torch.einsum("nij,nc->ncij", dscore, prev_h)
    return dprev_h, dA
