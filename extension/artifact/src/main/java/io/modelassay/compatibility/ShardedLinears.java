package io.modelassay.compatibility;

import io.modelassay.checkpoint.Shape;
import io.modelassay.compatibility.ShardedLinear.Split;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Puts the weights of a checkpoint together as vLLM does. */
final class ShardedLinears {
    private static final Pattern NUMBER = Pattern.compile("(?<=\\.)[0-9]+(?=\\.)");
    private static final Set<String> DIVIDE_INPUTS = Set.of("o_proj", "down_proj");
    private static final Set<String> WHOLE = Set.of("qkv_proj", "gate_up_proj");
    private static final List<String> ATTENTION = List.of("q_proj", "k_proj", "v_proj");
    private static final List<String> MLP = List.of("gate_proj", "up_proj");

    private final Function<String, WeightStorage> storage;
    private final Heads heads;
    private final List<ShardedLinear> linears = new ArrayList<>();

    private ShardedLinears(Function<String, WeightStorage> storage, Heads heads) {
        this.storage = storage;
        this.heads = heads;
    }

    /**
     * Query heads, and key and value heads.
     *
     * @param query 0 where it is not known
     * @param keyValue 0 where it is not known
     */
    record Heads(long query, long keyValue) {}

    /**
     * The linear modules that ranks divide.
     *
     * @param weights shapes {@code [outputs, inputs]} by module
     * @param storage of the weight of a module
     */
    static List<ShardedLinear> of(
            SortedMap<String, Shape> weights, Function<String, WeightStorage> storage, Heads heads) {
        ShardedLinears made = new ShardedLinears(storage, heads);
        SortedMap<String, SortedMap<String, Shape>> holders = new TreeMap<>();
        weights.forEach((module, shape) -> {
            int dot = module.lastIndexOf('.');
            if (dot > 0 && shape.rank() == 2) {
                holders.computeIfAbsent(module.substring(0, dot), any -> new TreeMap<>())
                        .put(module.substring(dot + 1), shape);
            }
        });
        holders.forEach(made::addAll);
        return List.copyOf(made.linears);
    }

    private void addAll(String holder, SortedMap<String, Shape> parts) {
        merged(holder, "qkv_proj", ATTENTION, parts);
        merged(holder, "gate_up_proj", MLP, parts);
        parts.forEach((name, shape) -> {
            String module = holder + "." + name;
            if (DIVIDE_INPUTS.contains(name)) {
                add(module, module, Split.INPUTS, shape.dimension(1), List.of(shape.dimension(0)), 0);
            } else if (WHOLE.contains(name)) {
                fused(module, name.equals("qkv_proj"), shape);
            }
        });
    }

    private void merged(String holder, String name, List<String> names, Map<String, Shape> parts) {
        List<String> there = names.stream().filter(parts::containsKey).toList();
        Optional<Shape> first = there.stream().findFirst().map(parts::get);
        if (first.isPresent()) {
            List<Long> outputs = there.stream()
                    .map(parts::get)
                    .map(shape -> shape == null ? 0L : shape.dimension(0))
                    .toList();
            int keyValue = (int) there.stream()
                    .filter(part -> part.equals("k_proj") || part.equals("v_proj"))
                    .count();
            add(
                    holder + "." + name,
                    holder + "." + there.get(0),
                    Split.OUTPUTS,
                    first.get().dimension(1),
                    outputs,
                    keyValue);
        }
    }

    /** One weight of several parts, whose sizes the numbers of heads tell. */
    private void fused(String module, boolean attention, Shape shape) {
        long rows = shape.dimension(0);
        long all = heads.query() + 2 * heads.keyValue();
        if (!attention) {
            add(module, module, Split.OUTPUTS, shape.dimension(1), List.of(rows / 2, rows / 2), 0);
        } else if (heads.keyValue() > 0 && rows % all == 0) {
            long size = rows / all;
            List<Long> parts = List.of(heads.query() * size, heads.keyValue() * size, heads.keyValue() * size);
            add(module, module, Split.OUTPUTS, shape.dimension(1), parts, 2);
        } else {
            add(module, module, Split.OUTPUTS, shape.dimension(1), List.of(rows), 0);
        }
    }

    private void add(String module, String stored, Split split, long inputs, List<Long> outputs, int keyValue) {
        ShardedLinear linear = new ShardedLinear(
                NUMBER.matcher(module).replaceAll("*"),
                stored,
                1,
                split,
                inputs,
                outputs,
                keyValue,
                storage.apply(stored));
        for (int i = 0; i < linears.size(); i++) {
            if (linears.get(i).isLike(linear)) {
                linears.set(i, linears.get(i).andAnother());
                return;
            }
        }
        linears.add(linear);
    }
}
