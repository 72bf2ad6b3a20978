package io.modelassay.runtime;

import org.apiguardian.api.API;

/** Measures on hidden states. */
@API(status = API.Status.INTERNAL)
public final class ActivationKernels {
    /** Positions of the first window that a sample holds. */
    private static final int SAMPLE_POSITIONS = 64;

    private final Kernels kernels;

    /** Measures on {@code engine}. */
    public ActivationKernels(TorchEngine engine) {
        this.kernels = Kernels.shared(engine, "activations.py");
    }

    /** The first positions of the first window, {@code [positions, hidden size]} in float32; the caller closes it. */
    public Tensor sample(Activations activations) {
        return kernels.call("sample", activations.batches().get(0).hidden(), SAMPLE_POSITIONS);
    }

    /** {@code |x - reference| / |reference|} in Frobenius norms, double precision. */
    public double relativeError(Tensor reference, Tensor x) {
        try (Tensor error = kernels.call("relative_error", reference, x)) {
            return kernels.doubles(error)[0];
        }
    }

    /** Count of non-finite values, then window, position and channel of the first; -1 each where there is none. */
    public long[] nonFinite(Tensor x) {
        try (Tensor place = kernels.call("non_finite", x)) {
            return kernels.longs(place);
        }
    }

    /** The Frobenius norm of {@code values}. */
    public double norm(Tensor values) {
        try (Tensor norm = kernels.call("norm", values)) {
            return kernels.doubles(norm)[0];
        }
    }
}
