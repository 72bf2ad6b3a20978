package io.modelassay.values;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.WeightHealth;
import org.apiguardian.api.API;

/** Makes a {@link PaddingReport} that also sees the zero channels of quantized weights. */
@API(status = API.Status.INTERNAL)
public final class DecodedPadding {
    private DecodedPadding() {}

    /** The report of {@code checkpoint}. Starts the engine, on the CPU, only where an MLP is quantized. */
    public static PaddingReport of(Checkpoint checkpoint, StoredQuantization stored) {
        return PaddingReport.of(checkpoint, stored, weight -> {
            try (WeightHealth health = new WeightHealth(checkpoint, TorchEngine.on(Device.CPU))) {
                return health.zeroChannels(weight);
            }
        });
    }
}
