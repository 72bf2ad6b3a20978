package io.modelassay.evaluation;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What the name of a model in a report stands for. The name is for people, and a key that figures are found by; no decision
 * is read out of it, since a folder may be called anything.
 *
 * @param name name of the model, its quantization and its adapter included
 * @param artifact name of the folder
 * @param quantization what is applied to it, and with which adapter; {@code null} for an artifact as it is stored
 * @param calibrated whether codes were chosen by sums over a calibration's activations, as GPTQ and AWQ choose them here
 */
@API(status = API.Status.EXPERIMENTAL)
public record ModelIdentity(
        String name, String artifact, @Nullable String quantization, boolean calibrated) {
    /** A model that nothing else is known of. */
    public static ModelIdentity stored(String name) {
        return new ModelIdentity(name, name, null, false);
    }
}
