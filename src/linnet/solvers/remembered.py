"""What the last step has measured of the Hessian, put right in the preconditioner of the next.

Conjugate gradients measure the Hessian H along directions d that are conjugate to each other. Let
D hold them as columns d/√⟨d, Hd⟩, and Y = HD. Then, with a preconditioner M⁻¹,

    (I − D Yᵀ) M⁻¹ (I − Y Dᵀ) + D Dᵀ

is positive definite too, and the inverse of H on all of Y: the BFGS update by all these pairs
(Morales and Nocedal 2000). From step to step the Hessian changes, but ever less. To rounding
directions are not quite conjugate, and the update by one after the other has the upper triangle
R of DᵀY in place of the identity (Byrd, Nocedal and Schnabel 1994):

    (I − D R⁻ᵀ Yᵀ) M⁻¹ (I − Y R⁻¹ Dᵀ) + D R⁻ᵀ R⁻¹ Dᵀ.
"""

from typing import Final, final

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_triangular

from linnet.solvers.preconditioning import Preconditioner
from linnet.types import Array, HessianProduct

__all__ = ["Remembered"]

# A step of fewer products than this had a preconditioner that needs no help.
LEAST: Final = 4
# Later directions are conjugate to earlier ones only to rounding, and matter less.
MOST: Final = 60
# Values of directions and their images: 32 MB, and a share of what a stream's sums may take.
LARGEST: Final = 2**22
SHARE_OF_ROOM: Final = 8


@final
class Remembered:
    """Directions of the last step, and what the Hessian makes of them."""

    def __init__(self) -> None:
        self._noted: list[tuple[Array, Array]] = []
        self._pairs: tuple[Array, Array, Array] | None = None

    def noting(self, product: HessianProduct, room: int) -> HessianProduct:
        """Give the same product, which notes what it is asked and what it answers.

        Parameters
        ----------
        product : function
            A direction's image under the Hessian.
        room : int
            How many numbers a Hessian, and what is made of it, may take.
        """
        self._noted = []
        values = min(LARGEST, room // SHARE_OF_ROOM)

        def noted(direction: Float[Array, "m p"]) -> Float[Array, "m p"]:
            image = product(direction)
            curvature = float(np.vdot(direction, image))
            most = min(MOST, values // (2 * direction.size))
            if curvature > 0 and len(self._noted) < most:
                root = np.sqrt(curvature)
                self._noted.append((direction.ravel() / root, image.ravel() / root))
            return image

        return noted

    def learn(self) -> None:
        """Remember what was noted, if that is much, in place of what was remembered before."""
        self.forget()
        if len(self._noted) >= LEAST:
            directions, images = zip(*self._noted, strict=True)
            S, Y = np.array(directions), np.array(images)
            self._pairs = S, Y, np.triu(S @ Y.T)
        self._noted = []

    def forget(self) -> None:
        """Remember nothing."""
        self._pairs = None

    def correct(
        self, inverse: Preconditioner, gradient: Float[Array, "m p"]
    ) -> Float[Array, "m p"]:
        """Apply the preconditioner, put right."""
        if self._pairs is None:
            return inverse(gradient)
        S, Y, R = self._pairs
        along = solve_triangular(R, S @ gradient.ravel())
        rest = inverse(gradient - (along @ Y).reshape(gradient.shape))
        missing = solve_triangular(R, along - Y @ rest.ravel(), trans="T")
        return rest + (missing @ S).reshape(gradient.shape)
