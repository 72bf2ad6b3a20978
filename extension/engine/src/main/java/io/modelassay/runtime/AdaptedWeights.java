package io.modelassay.runtime;

import io.modelassay.adapter.AdaptedModule;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.AdapterTensor;
import io.modelassay.adapter.TokenRows;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apiguardian.api.API;

/**
 * Weights of a base model with an adapter beside them, as PEFT computes an adapter that is not merged: what is stored
 * whole replaces the base's, and {@link #parts} has what is added to each module.
 */
@API(status = API.Status.INTERNAL)
public final class AdaptedWeights implements Weights {
    private final Weights base;
    private final AdapterPlan plan;
    private final TorchEngine engine;
    private final AdapterParts parts;
    private final Kernels conversions;
    private final String head;
    private final boolean tied;

    /** Puts the adapter of {@code plan} beside {@code base}, which stays its owner's to close. */
    public AdaptedWeights(Weights base, AdapterPlan plan, ModelPlan model, TorchEngine engine) {
        this.base = base;
        this.plan = plan;
        this.engine = engine;
        this.parts = new AdapterParts(engine, plan);
        this.conversions = Kernels.conversions(engine);
        Parameter output = model.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.HEAD)
                .findFirst()
                .orElseThrow();
        this.head = output.module();
        this.tied = !model.decoder().head().equals(output.name());
    }

    @Override
    public String linear() {
        return kernel(plan);
    }

    /** The file that computes linear modules with the adapter of {@code plan}. */
    static String kernel(AdapterPlan plan) {
        return plan.kernel().orElse("unadapted.py");
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        Optional<AdapterTensor> stored = stored(parameter.name());
        if (stored.isPresent()) {
            return parts.load(stored.get(), dtype);
        }
        Optional<AdaptedModule> parametrized = plan.parameter(parameter.name());
        if (parametrized.isPresent()) {
            return changed("merged", parameter, parametrized.get(), dtype);
        }
        if (plan.actsOnResidual() && parameter.kind() == Parameter.Kind.LINEAR) {
            Optional<AdaptedModule> module = plan.module(parameter.module());
            if (module.isPresent()) {
                return changed("residual", parameter, module.get(), dtype);
            }
        }
        return base.load(parameter, dtype);
    }

    private Optional<AdapterTensor> stored(String parameter) {
        return plan.copy(parameter).or(() -> plan.overwritten(parameter));
    }

    private Tensor changed(String function, Parameter parameter, AdaptedModule module, DType dtype) {
        return parts.changed(function, base.load(parameter, DType.FP32), parts.of(module), dtype);
    }

    @Override
    public Map<String, Tensor> parts(Parameter weight, long first, Tensor rows) {
        String name = isTable(weight) ? head : weight.module();
        Optional<AdaptedModule> module = plan.module(name);
        if (module.isEmpty()) {
            return Map.of();
        }
        long count = rows.shape().dimension(0);
        Map<String, Tensor> added = new HashMap<>();
        try (Tensor index = engine.longs(LongStream.range(first, first + count).toArray())) {
            added.putAll(isTable(weight) ? parts.of(module.get(), index) : parts.of(module.get()));
            added.putAll(parts.derived(module.get(), rows, added));
            return added;
        }
    }

    private static boolean isTable(Parameter parameter) {
        return parameter.kind() == Parameter.Kind.HEAD || parameter.kind() == Parameter.Kind.EMBEDDING;
    }

    /** Rows of the head, which may be the embedding's. */
    @Override
    public Tensor rows(Parameter table, long first, long count, DType dtype) {
        Optional<AdapterTensor> stored = plan.copy(head + ".weight")
                .or(() -> plan.overwritten(head + ".weight"))
                .or(() -> plan.overwritten(table.name()));
        if (stored.isPresent()) {
            try (Tensor whole = parts.load(stored.get(), dtype)) {
                return conversions.call("rows", whole, first, count);
            }
        }
        Tensor rows = base.rows(table, first, count, dtype);
        Optional<TokenRows> tokens = plan.tokens(head).or(() -> tied ? plan.tokens(table.module()) : Optional.empty());
        return tokens.map(replaced -> replaced(
                        rows, replaced, LongStream.range(first, first + count).toArray()))
                .orElse(rows);
    }

    /** Rows of the embedding. */
    @Override
    public Tensor gather(Parameter table, int[] ids, DType dtype) {
        long[] index = Arrays.stream(ids).asLongStream().toArray();
        Tensor rows = embedding(table, ids, index, dtype);
        Optional<AdaptedModule> module = plan.module(table.module());
        if (module.isPresent()) {
            rows = parts.embedded(rows, index, module.get());
        }
        Optional<TokenRows> tokens = plan.tokens(table.module());
        return tokens.isPresent() ? replaced(rows, tokens.get(), index) : rows;
    }

    private Tensor embedding(Parameter table, int[] ids, long[] index, DType dtype) {
        Optional<AdapterTensor> stored = stored(table.name());
        if (stored.isEmpty()) {
            return base.gather(table, ids, dtype);
        }
        try (Tensor whole = parts.load(stored.get(), dtype);
                Tensor at = engine.longs(index)) {
            return conversions.call("gather", whole, at);
        }
    }

    /** {@code rows}, those of {@code ids}, with the rows of {@code tokens} in their places. */
    private Tensor replaced(Tensor rows, TokenRows tokens, long[] ids) {
        List<Long> places = new ArrayList<>();
        List<Long> from = new ArrayList<>();
        for (int place = 0; place < ids.length; place++) {
            int at = tokens.ids().indexOf(ids[place]);
            if (at >= 0) {
                places.add((long) place);
                from.add((long) at);
            }
        }
        if (places.isEmpty()) {
            return rows;
        }
        try (rows;
                Tensor stored = parts.load(tokens.rows(), DType.FP32);
                Tensor index = engine.longs(longs(from));
                Tensor chosen = conversions.call("gather", stored, index);
                Tensor at = engine.longs(longs(places))) {
            return conversions.call("replaced_rows", rows, at, chosen);
        }
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    AdapterParts adapterParts() {
        return parts;
    }

    /** What is added to the head, whatever table its rows are in. */
    Optional<AdaptedModule> headModule() {
        return plan.module(head);
    }

    /** Whether {@code table} gives both embedding and head, so that merging changes them together. */
    boolean isShared(Parameter table) {
        return tied
                && stored(head + ".weight").isEmpty()
                && plan.copy(table.name()).isEmpty();
    }

    @Override
    public void prefetch(Parameter parameter) {
        base.prefetch(parameter);
    }
}
