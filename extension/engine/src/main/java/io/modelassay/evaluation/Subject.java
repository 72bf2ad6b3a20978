package io.modelassay.evaluation;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What a figure is of. The name is for people, and a key that figures are found by; no decision is read out of it, since a
 * folder may be called anything.
 *
 * @param name name of the model, its quantization and its adapter included
 * @param artifact name of the folder
 * @param quantization what is applied after loading; {@code null} for an artifact as it is stored
 * @param adapter name of the adapter that acts; {@code null} where none does
 * @param calibrated whether codes were chosen by sums over a calibration's activations, as GPTQ and AWQ choose them here
 */
@API(status = API.Status.EXPERIMENTAL)
public record Subject(
        String name,
        String artifact,
        @Nullable String quantization,
        @Nullable String adapter,
        boolean calibrated) {
    /** An artifact as it is stored, of which nothing else is known. */
    public static Subject stored(String name) {
        return new Subject(name, name, null, null, false);
    }

    /** The same model under another name, such as the one that a comparison of its own has. */
    public Subject named(String other) {
        return new Subject(other, artifact, quantization, adapter, calibrated);
    }
}
