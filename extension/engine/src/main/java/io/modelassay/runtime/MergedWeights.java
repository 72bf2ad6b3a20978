package io.modelassay.runtime;

import io.modelassay.adapter.AdaptedModule;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.architecture.Parameter;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apiguardian.api.API;

/**
 * Weights with an adapter merged into them, as PEFT's {@code merge_and_unload} does: changed in float32, then rounded to
 * the compute type.
 */
@API(status = API.Status.INTERNAL)
public final class MergedWeights implements Weights {
    private final AdaptedWeights adapted;
    private final AdapterPlan plan;
    private final TorchEngine engine;
    private final AdapterParts parts;

    /** Merges the adapter of {@code plan} into the weights that it stands beside in {@code adapted}. */
    public MergedWeights(AdaptedWeights adapted, AdapterPlan plan, TorchEngine engine) {
        this.adapted = adapted;
        this.plan = plan;
        this.engine = engine;
        this.parts = adapted.adapterParts();
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        int rows = Math.toIntExact(parameter.shape().dimension(0));
        return switch (parameter.kind()) {
            case EMBEDDING -> gather(parameter, IntStream.range(0, rows).toArray(), dtype);
            case HEAD -> rows(parameter, 0, rows, dtype);
            case LINEAR -> changed("merged", parameter, plan.module(parameter.module()), dtype);
            case BIAS ->
                changed(
                        "merged_bias",
                        parameter,
                        plan.module(parameter.module()).filter(AdaptedModule::mergesBias),
                        dtype);
            case NORM, OTHER -> adapted.load(parameter, dtype);
        };
    }

    private Tensor changed(String function, Parameter parameter, Optional<AdaptedModule> module, DType dtype) {
        return module.map(found -> parts.changed(function, adapted.load(parameter, DType.FP32), parts.of(found), dtype))
                .orElseGet(() -> adapted.load(parameter, dtype));
    }

    @Override
    public Tensor rows(Parameter table, long first, long count, DType dtype) {
        long[] ids = LongStream.range(first, first + count).toArray();
        Tensor rows = adapted.rows(table, first, count, DType.FP32);
        if (adapted.isShared(table)) {
            Optional<AdaptedModule> embedding = plan.module(table.module());
            rows = embedding.isPresent() ? parts.embedded(rows, ids, embedding.get()) : rows;
        }
        return headRows(rows, ids, dtype);
    }

    @Override
    public Tensor gather(Parameter table, int[] ids, DType dtype) {
        long[] index = Arrays.stream(ids).asLongStream().toArray();
        Tensor rows = adapted.gather(table, ids, DType.FP32);
        return adapted.isShared(table) ? headRows(rows, index, dtype) : converted(rows, dtype);
    }

    private Tensor headRows(Tensor rows, long[] ids, DType dtype) {
        Optional<AdaptedModule> head = adapted.headModule();
        if (head.isEmpty()) {
            return converted(rows, dtype);
        }
        try (Tensor index = engine.longs(ids)) {
            return parts.changed("merged", rows, parts.of(head.get(), index), dtype);
        }
    }

    private Tensor converted(Tensor rows, DType dtype) {
        try (rows) {
            return Kernels.conversions(engine).call("convert", rows, dtype.scalarType());
        }
    }

    @Override
    public void prefetch(Parameter parameter) {
        adapted.prefetch(parameter);
    }
}
