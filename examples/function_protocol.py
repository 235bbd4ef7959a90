#!/usr/bin/env python3
"""A cost and its gradient behind the line protocol of `gradcheck function`.

Logistic regression with an L2 penalty, in plain Python:

    J(w, b) = 1/m sum_i log(1 + exp(-y_i (w . x_i + b))) + l2/2 |w|^2      y_i = -1 or 1

    gradcheck function -- python3 examples/function_protocol.py
    gradcheck function -- python3 examples/function_protocol.py --bug

With --bug the gradient forgets the penalty. docs/function-protocol.md describes the lines.
"""
import math
import sys

X = [[0.5, -1.2, 0.3], [1.5, 0.4, -0.7], [-0.8, 0.9, 1.1], [0.2, -0.5, -1.4], [-1.1, -0.3, 0.6]]
Y = [1, 1, -1, -1, 1]
L2 = 0.1


def softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def cost(w, b):
    loss = sum(softplus(-y * (sum(wi * xi for wi, xi in zip(w, x)) + b)) for x, y in zip(X, Y))
    return loss / len(X) + L2 / 2 * sum(wi * wi for wi in w)


def gradient(w, b, bug):
    dw = [0.0 if bug else L2 * wi for wi in w]
    db = 0.0
    for x, y in zip(X, Y):
        margin = y * (sum(wi * xi for wi, xi in zip(w, x)) + b)
        slope = -y / (1.0 + math.exp(margin)) / len(X)
        dw = [d + slope * xi for d, xi in zip(dw, x)]
        db += slope
    return dw + [db]


def write(line):
    print(line, flush=True)  # without the flush the other side waits for ever


def main():
    bug = "--bug" in sys.argv[1:]
    write("gradcheck-function 1")
    write("block w 3 0.6 -0.4 0.25")
    write("block b scalar 0.1")
    write("ready")
    for line in sys.stdin:
        question, *numbers = line.split()
        theta = [float(number) for number in numbers]
        w, b = theta[:3], theta[3]
        answer = [cost(w, b)]
        if question == "gradient":
            answer += gradient(w, b, bug)
        write(" ".join(repr(number) for number in answer))


if __name__ == "__main__":
    main()
