# exercise: dot_product_attention
# slip: reads A's shape as (N, H, w, h): the weights come back with shape (N, w, h), mis-shaped and scrambled whenever the grid is not square
import math

import torch


def dot_product_attention(prev_h, A):
    N, H, w, h = A.shape
    A_flat = A.reshape(N, H, h * w)
    scores = torch.bmm(prev_h.unsqueeze(1), A_flat).squeeze(1) / math.sqrt(H)
    weights = torch.softmax(scores, dim=1)
    attn = torch.bmm(A_flat, weights.unsqueeze(2)).squeeze(2)
    return attn, weights.reshape(N, h, w)
