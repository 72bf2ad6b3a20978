package io.modelassay.matrix.result;

import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Where what a model computes begins to differ from the baseline.
 *
 * @param model name of the model, its quantization included
 * @param text name of the text
 * @param dtype the compute type
 * @param first the first tensor that is not the same; {@code null} where they cannot be compared
 * @param beyondNoise the first tensor that differs by more than rounding; {@code null} where there is none
 * @param note why they cannot be compared; may be empty
 */
@API(status = API.Status.EXPERIMENTAL)
public record TensorChange(
        String model,
        String text,
        String dtype,
        @Nullable Place first,
        @Nullable Place beyondNoise,
        String note) {
    /**
     * A tensor that differs.
     *
     * @param name parameter or module
     * @param kind {@code weight} or {@code output}
     * @param position its place in the order of computation, from 0
     * @param shape its shape with the baseline; here where the baseline does not have it
     * @param relativeDifference estimate of {@code |here - baseline| / |baseline|} in Frobenius norms; {@code null} where one of
     *     the two is absent, of another shape or not finite
     * @param noise the relative difference that rounding may make
     * @param note what is wrong where there is no difference to tell; may be empty
     */
    public record Place(
            String name,
            String kind,
            int position,
            List<Long> shape,
            @Nullable Double relativeDifference,
            double noise,
            String note) {}

    /** Whether it is a regression. */
    public boolean worse() {
        return beyondNoise != null;
    }
}
