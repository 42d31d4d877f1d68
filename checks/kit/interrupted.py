"""Train the tiny bundle slowly, saying every step: `python interrupted.py BUNDLE OUT`. Made to be killed."""

import sys
import time

from training import module_with, small

from coursework import captioning
from coursework.bundle import Bundle
from coursework.learn import checkpoint
from coursework.learn.loop import train


def forward(self, features, captions):
    print("step", flush=True)
    time.sleep(0.02)
    return captioning.CaptioningRNN.forward(self, features, captions)


if __name__ == "__main__":
    checkpoint.SECONDS = 0.05
    train(
        Bundle.open(sys.argv[1]), small(epochs=4), sys.argv[2], module=module_with(forward=forward)
    )
