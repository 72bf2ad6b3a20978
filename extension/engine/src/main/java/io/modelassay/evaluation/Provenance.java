package io.modelassay.evaluation;

import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.LanguageModel;
import java.util.Locale;
import org.apiguardian.api.API;

/**
 * Where a figure comes from.
 *
 * @param device the device that really ran
 * @param dtype the compute type
 * @param engine engine and version
 */
@API(status = API.Status.EXPERIMENTAL)
public record Provenance(Device device, DType dtype, String engine) {
    static Provenance of(LanguageModel model) {
        return new Provenance(
                model.engine().device(), model.dtype(), model.engine().version());
    }

    /** For example {@code device CPU, bf16, PyTorch 2.7.1}. */
    @Override
    public String toString() {
        return "device " + device + ", " + dtype.name().toLowerCase(Locale.ROOT) + ", " + engine;
    }
}
