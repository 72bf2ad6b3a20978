package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.architecture.ModelPlan.Stack;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.StreamSupport;

/**
 * Reads the experts of a family's layers under one config: which layers have some, the modules of each, and the stacks that
 * transformers 5 makes of them. A {@code #} in a module's name stands for the number of an expert.
 */
final class ExpertReader {
    private static final String EACH = "#";

    private final JsonNode experts;
    private final Sizes sizes;

    ExpertReader(JsonNode layers, Sizes sizes) {
        this.experts = layers.path("experts");
        this.sizes = sizes;
    }

    /** The modules of {@code layer} beside those that all layers have; none in families without experts. */
    JsonNode modules(int layer) {
        if (experts.isMissingNode() || !hasExperts(layer)) {
            return experts.path("otherwise");
        }
        ObjectNode modules = JsonNodeFactory.instance.objectNode();
        experts.path("modules")
                .properties()
                .forEach(entry -> names(entry.getKey()).forEach(name -> modules.set(name, entry.getValue())));
        return modules;
    }

    private boolean hasExperts(int layer) {
        List<Long> dense = sizes.integers(experts.path("dense_layers").asText(""));
        String first = experts.path("first").asText("");
        String step = experts.path("step").asText("");
        return layer >= (first.isEmpty() ? 0 : sizes.size(first))
                && !dense.contains((long) layer)
                && (layer + 1) % (step.isEmpty() ? 1 : sizes.size(step)) == 0;
    }

    private List<String> names(String module) {
        return module.contains(EACH)
                ? LongStream.range(0, count())
                        .mapToObj(expert -> module.replace(EACH, String.valueOf(expert)))
                        .toList()
                : List.of(module);
    }

    private long count() {
        return sizes.size(experts.path("count").textValue());
    }

    /** Adds the stacks of {@code layer}, by name. */
    void stacks(int layer, String prefix, Map<String, Stack> stacks) {
        if (experts.isMissingNode() || !hasExperts(layer)) {
            return;
        }
        experts.path("stacks").properties().forEach(entry -> {
            List<Long> shape = new ArrayList<>(List.of(count()));
            entry.getValue().path("shape").forEach(size -> shape.add(sizes.size(size.textValue())));
            List<String> parameters = StreamSupport.stream(
                            entry.getValue().path("of").spliterator(), false)
                    .flatMap(module -> names(module.textValue()).stream())
                    .map(module -> prefix + module + ".weight")
                    .toList();
            stacks.put(prefix + entry.getKey(), new Stack(parameters, new Shape(shape)));
        });
    }
}
