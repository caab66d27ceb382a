"""The survival network: one projected view, and clinical variables where wanted, to hazards."""

import torch
from torch import Tensor, nn

from osteon.errors import DataError
from osteon.models.encoders import build_encoder
from osteon.models.normalisation import make_input
from osteon.models.spec import SurvivalSpec

__all__ = ["SurvivalNetwork", "feature_layer"]


class SurvivalNetwork(nn.Module):
    """Hazards over time from one projection.

    Parameters
    ----------
    spec
        The architecture.

    Notes
    -----
    Input is float (n, 1, h, w): line integrals of the attenuation, without unit, 0 where the ray
    met air. They are divided by ``full_scale`` (the median, over the training pictures, of a
    picture's largest value: metal in one patient does not move it) inside. Clinical variables
    (n, p) are standardised by the training set's mean and standard deviation inside too; a missing
    one (NaN) takes the mean, and an indicator beside it says so.

    Output is (n, causes, K), one number for every cause and interval: ``baseline + risk``. Its
    meaning depends on the head, see :func:`osteon.models.hazards.interval_hazards`. ``risk`` is a
    linear map of pooled features and clinical variables, with one output a cause where effects are
    proportional (Faraggi and Simon 1995, doi 10.1002/sim.4780140108; Katzman et al. 2018, doi
    10.1186/s12874-018-0482-1; Friedman 1982, doi 10.1214/aos/1176345693, with linear predictors).
    Cox's baseline is not learned by gradient: it is 0 until :meth:`set_baseline` is called.
    """

    full_scale: Tensor
    clinical_mean: Tensor
    clinical_deviation: Tensor
    baseline: Tensor

    def __init__(self, spec: SurvivalSpec) -> None:
        super().__init__()
        self.spec = spec
        self.input = make_input(spec.input)
        self.encoder = build_encoder(spec.encoder)
        self.dropout = nn.Dropout(spec.dropout)
        intervals, variables = spec.cut_points - 1, len(spec.clinical)
        is_proportional = spec.head == "cox" or spec.time_effects == "proportional"
        self.effects = 1 if is_proportional else intervals
        width, outputs = self.encoder.channels + 2 * variables, spec.causes * self.effects
        self.risk = nn.Linear(width, outputs, bias=False)
        nn.init.zeros_(self.risk.weight)  # a training starts at the baseline
        self.register_buffer("full_scale", torch.ones(()))
        self.register_buffer("clinical_mean", torch.zeros(variables))
        self.register_buffer("clinical_deviation", torch.ones(variables))
        flat = torch.zeros(spec.causes * intervals)  # flat, so that no weight decay pulls at it
        if spec.head == "cox":
            self.register_buffer("baseline", flat)
        else:
            self.baseline = nn.Parameter(flat)

    def features(self, images: Tensor) -> Tensor:
        """Map projections (n, 1, h, w) to pooled features (n, channels)."""
        return self.encoder(self.input(images / self.full_scale)).mean(dim=(2, 3))

    def forward(self, images: Tensor, clinical: Tensor | None = None) -> Tensor:
        """Map projections (n, 1, h, w) and clinical variables (n, p) to (n, causes, K)."""
        features = self.features(images)
        if self.spec.clinical:
            features = torch.cat([features, self._standardised(clinical, len(images))], dim=1)
        risk = self.risk(self.dropout(features)).float()
        baseline = self.baseline.reshape(1, self.spec.causes, -1)
        return baseline + risk.reshape(-1, self.spec.causes, self.effects)

    def _standardised(self, clinical: Tensor | None, count: int) -> Tensor:
        wanted = (count, len(self.spec.clinical))
        if clinical is None or clinical.shape != wanted:
            got = None if clinical is None else tuple(clinical.shape)
            names = ", ".join(self.spec.clinical)
            raise DataError(f"clinical variables have shape {got}, wanted {wanted}: {names}")
        missing = clinical.isnan()
        filled = torch.where(missing, self.clinical_mean, clinical)
        standard = (filled - self.clinical_mean) / self.clinical_deviation
        return torch.cat([standard, missing.to(standard.dtype)], dim=1)

    @torch.no_grad()
    def fit_inputs(self, images: Tensor, clinical: Tensor) -> None:
        """Take full scale, means and deviations from the training set, and from nothing else.

        Parameters
        ----------
        images
            float (n, 1, s, s), line integrals.
        clinical
            float (n, p), NaN where missing.

        Raises
        ------
        DataError
            If half of the pictures are empty, or a clinical variable is known of nobody.
        """
        largest = images.amax(dim=(1, 2, 3)).median()
        if not largest > 0:
            raise DataError("half of the training projections are empty: no ray met anything")
        self.full_scale.copy_(largest)
        for position, name in enumerate(self.spec.clinical):
            known = clinical[:, position][~clinical[:, position].isnan()].double()
            if not len(known):
                raise DataError(
                    f"clinical variable {name} is missing in every training patient",
                    remedy="leave it out of model.clinical",
                )
            spread = known.std(correction=0)
            self.clinical_mean[position] = known.mean()
            self.clinical_deviation[position] = spread if spread > 0 else 1.0

    @torch.no_grad()
    def set_baseline(self, values: Tensor) -> None:
        """Set the output (causes, K) at zero risk: a start, or Breslow's estimate for Cox."""
        self.baseline.copy_(values.reshape(-1))


def feature_layer(model: SurvivalNetwork) -> nn.Module:
    """Give the layer whose output, (n, channels, rows, columns), is pooled: Grad-CAM's."""
    return model.encoder
