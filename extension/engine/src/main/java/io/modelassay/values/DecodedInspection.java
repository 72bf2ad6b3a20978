package io.modelassay.values;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.inspection.Inspection;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.TorchEngine;
import org.apiguardian.api.API;

/** An {@link Inspection} that also compares decoded weights with a reference. */
@API(status = API.Status.EXPERIMENTAL)
public final class DecodedInspection {
    private DecodedInspection() {}

    /**
     * Inspects {@code checkpoint} against {@code reference}, and says of every weight that is stored quantized whether it
     * decodes to what the reference holds. Decodes them all, on the CPU; starts no engine where there are none.
     */
    public static Inspection of(Checkpoint checkpoint, Checkpoint reference, Progress progress) {
        Inspection headers = Inspection.of(checkpoint, reference);
        if (headers.quantization().weights().isEmpty()) {
            return headers;
        }
        return headers.with(WeightSanity.against(
                reference, checkpoint, headers.quantization(), TorchEngine.on(Device.CPU), progress));
    }
}
