package io.modelassay.adapter;

import io.modelassay.adapter.PeftMethod.Start;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/**
 * Whether training has moved the tensors that start where the adapter leaves the base as it is: LoRA's second half at
 * zero, IA3's factors at one. Reads each of them until a value that differs.
 *
 * @param checked number of tensors that start so
 * @param untouched those of them that still are so, sorted
 */
@API(status = API.Status.EXPERIMENTAL)
public record TrainingState(int checked, List<String> untouched) {
    private static final int CHUNK = 1 << 20;

    /**
     * Reads the state of {@code adapter}.
     *
     * @throws AdapterException if its method is not known
     */
    public static TrainingState of(PeftAdapter adapter) {
        List<String> untouched = new ArrayList<>();
        int checked = 0;
        PeftMethod method = PeftMethods.require(adapter.config());
        for (TensorInfo tensor : adapter.weights().tensors().values()) {
            Start start = AdapterKey.of(tensor.name(), method)
                    .filter(key -> !key.suffix().endsWith(".bias"))
                    .map(key -> method.roots().getOrDefault(key.root(), Start.ANYWHERE))
                    .orElse(Start.ANYWHERE);
            if (start != Start.ANYWHERE && tensor.byteLength() > 0) {
                checked++;
                if (isAll(adapter.weights(), tensor, start)) {
                    untouched.add(tensor.name());
                }
            }
        }
        return new TrainingState(checked, List.copyOf(untouched));
    }

    /** Whether there is something to train and none of it was. */
    public boolean isUntrained() {
        return checked > 0 && untouched.size() == checked;
    }

    private static boolean isAll(Checkpoint weights, TensorInfo tensor, Start start) {
        int width = Math.max(1, tensor.type().bits() / 8);
        long pattern = start == Start.ZERO ? 0 : one(tensor.type());
        for (long at = 0; at < tensor.byteLength(); at += CHUNK) {
            ByteBuffer bytes = weights.map(tensor, at, (int) Math.min(CHUNK, tensor.byteLength() - at));
            while (bytes.remaining() >= width) {
                long value = 0;
                for (int i = 0; i < width; i++) {
                    value |= (bytes.get() & 0xFFL) << (8 * i);
                }
                // A negative zero is one too.
                long magnitude = value & ~(1L << (8 * width - 1));
                if ((start == Start.ZERO ? magnitude : value) != pattern) {
                    return false;
                }
            }
        }
        return true;
    }

    private static long one(TensorType type) {
        return switch (type) {
            case F64 -> Double.doubleToRawLongBits(1);
            case F32 -> Float.floatToRawIntBits(1) & 0xFFFFFFFFL;
            case F16 -> 0x3C00;
            case BF16 -> 0x3F80;
            default -> -1;
        };
    }
}
