package io.modelassay.adapter;

import io.modelassay.adapter.PeftMethod.Start;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * Whether training has moved the tensors that start where the adapter leaves the base as it is: LoRA's second half at
 * zero, IA3's factors at one. Reads each of them until a value that differs.
 *
 * @param checked number of tensors that start so
 * @param untouched those of them that still are so, sorted
 * @param zeroFactors other tensors that are all zero and make the update of their module zero with them, sorted
 * @param isCancelled whether there are such tensors, and no module is left without one
 */
@API(status = API.Status.EXPERIMENTAL)
public record TrainingState(int checked, List<String> untouched, List<String> zeroFactors, boolean isCancelled) {
    private static final int CHUNK = 1 << 20;

    /** Of an adapter whose method is not known here. */
    public static final TrainingState NOT_COMPARED = new TrainingState(0, List.of(), List.of(), false);

    /**
     * Reads the state of {@code adapter}.
     *
     * @throws AdapterException if its method is not known
     */
    public static TrainingState of(PeftAdapter adapter) {
        List<String> untouched = new ArrayList<>();
        List<String> zeroFactors = new ArrayList<>();
        int checked = 0;
        PeftMethod method = PeftMethods.require(adapter.config());
        boolean multiplies = !adapter.config().usesDora() && !adapter.config().hasLoraBias();
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
            } else if (multiplies && tensor.byteLength() > 0 && isFactor(tensor, method)) {
                if (isAll(adapter.weights(), tensor, Start.ZERO)) {
                    zeroFactors.add(tensor.name());
                }
            }
        }
        return new TrainingState(
                checked,
                List.copyOf(untouched),
                List.copyOf(zeroFactors),
                !zeroFactors.isEmpty() && modules(zeroFactors, method).containsAll(adapter.modules()));
    }

    private static Set<String> modules(List<String> keys, PeftMethod method) {
        return keys.stream()
                .flatMap(key -> AdapterKey.of(key, method).stream())
                .map(AdapterKey::module)
                .collect(Collectors.toSet());
    }

    private static boolean isFactor(TensorInfo tensor, PeftMethod method) {
        return AdapterKey.of(tensor.name(), method)
                .filter(key ->
                        method.factors().contains(key.root()) && !key.suffix().endsWith(".bias"))
                .isPresent();
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
