package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.failure.Place;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.util.Arrays;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Weights of a checkpoint that is stored quantized: each packed weight is decoded when it is asked for, in the type that
 * its own library decodes to, then converted; all others come as they are stored.
 */
@API(status = API.Status.INTERNAL)
public final class DecodedWeights implements Weights {
    private final Weights stored;
    private final Checkpoint checkpoint;
    private final StoredQuantization quantization;
    private final TorchEngine engine;
    private final WeightDecoder decoder;
    private @Nullable String tableName;
    private @Nullable Tensor table;

    /** Decodes what {@code quantization} found in {@code checkpoint}; owns {@code stored}, which has all other weights. */
    public DecodedWeights(Weights stored, Checkpoint checkpoint, StoredQuantization quantization, TorchEngine engine) {
        this.stored = stored;
        this.checkpoint = checkpoint;
        this.quantization = quantization;
        this.engine = engine;
        this.decoder = new WeightDecoder(checkpoint, engine);
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        PackedWeight weight = quantization.find(parameter.name()).orElse(null);
        if (weight == null) {
            return stored.load(parameter, dtype);
        }
        if (!weight.shape().equals(parameter.shape())) {
            throw new RuntimeFailure(
                    RuntimeProblem.SHAPE_MISMATCH,
                    "Weight " + weight.parameter() + " decodes to " + weight.shape() + ", but the config says "
                            + parameter.shape(),
                    Place.folder(checkpoint.folder()),
                    "the config.json that belongs to these weights");
        }
        return decoder.decode(weight, dtype);
    }

    @Override
    public Tensor rows(Parameter parameter, long first, long count, DType dtype) {
        if (quantization.find(parameter.name()).isEmpty()) {
            return stored.rows(parameter, first, count, dtype);
        }
        return Kernels.conversions(engine).call("rows", table(parameter, dtype), first, count);
    }

    @Override
    public Tensor gather(Parameter parameter, int[] ids, DType dtype) {
        if (quantization.find(parameter.name()).isEmpty()) {
            return stored.gather(parameter, ids, dtype);
        }
        long[] rows = Arrays.stream(ids).asLongStream().toArray();
        try (Tensor index = engine.longs(rows)) {
            return Kernels.conversions(engine).call("gather", table(parameter, dtype), index);
        }
    }

    /** A packed head or embedding, decoded; the last one is kept, since it is asked for in slices. */
    private synchronized Tensor table(Parameter parameter, DType dtype) {
        String name = parameter.name() + " " + dtype;
        if (table == null || !name.equals(tableName)) {
            if (table != null) {
                table.close();
            }
            table = load(parameter, dtype);
            tableName = name;
        }
        return table;
    }

    @Override
    public void prefetch(Parameter parameter) {
        quantization
                .find(parameter.name())
                .ifPresentOrElse(
                        weight -> List.copyOf(weight.parts().values())
                                .forEach(part -> StoredWeights.touch(checkpoint, part)),
                        () -> stored.prefetch(parameter));
    }

    @Override
    public synchronized void close() {
        if (table != null) {
            table.close();
            table = null;
        }
        decoder.close();
        stored.close();
    }
}
