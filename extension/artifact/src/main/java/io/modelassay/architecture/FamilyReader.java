package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.ModelPlan.Layers;
import io.modelassay.architecture.ModelPlan.Rename;
import io.modelassay.architecture.ModelPlan.Stack;
import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * Reads a family's description under one config: expressions become numbers, layers become names. A family is one or
 * several stacks of modules, the one named {@code text} with embedding and logits, each with figures of its own.
 */
final class FamilyReader {
    private static final String TEXT = "text";
    private static final String TIED = "tie_word_embeddings";

    private final String modelType;
    private final JsonNode family;
    private final ModelConfig config;
    private final Sizes text;
    private final ClassReader classes;
    private final ModelClass own;

    FamilyReader(String modelType, JsonNode family, ModelConfig config) {
        this(modelType, family, config, new ClassReader(family, config).named());
    }

    FamilyReader(String modelType, JsonNode family, ModelConfig config, ModelClass own) {
        this.modelType = modelType;
        this.family = family;
        this.config = config;
        this.classes = new ClassReader(family, config);
        this.own = own;
        this.text = Sizes.of(stack(TEXT), config);
    }

    ModelPlan plan() {
        List<Parameter> parameters = new ArrayList<>();
        List<Layers> layers = new ArrayList<>();
        Map<String, Stack> stacks = new LinkedHashMap<>();
        family.path("stacks").properties().forEach(entry -> {
            JsonNode stack = entry.getValue();
            Sizes sizes = Sizes.of(stack, config);
            String prefix = prefix(stack);
            add(stack.path("before"), prefix, sizes, parameters);
            JsonNode repeated = stack.path("layers");
            String count = repeated.path("count").textValue();
            Layers own =
                    new Layers(entry.getKey(), prefix + repeated.path("name").textValue(), sizes.layers(count), count);
            layers.add(own);
            ExpertReader experts = new ExpertReader(repeated, sizes);
            for (int i = 0; i < own.count(); i++) {
                String layer = own.prefix() + "." + i + ".";
                add(repeated.path("modules"), layer, sizes, parameters);
                add(experts.modules(i), layer, sizes, parameters);
                experts.stacks(i, layer, stacks);
            }
            add(stack.path("after"), prefix, sizes, parameters);
        });
        Parameter embedding = parameters.stream()
                .filter(parameter -> parameter.kind() == Kind.EMBEDDING)
                .findFirst()
                .orElseThrow();
        boolean causal = own.head() == ModelHead.LANGUAGE_MODEL;
        String head = family.path("head").textValue();
        boolean tied = causal && (config.has(TIED) ? config.bool(TIED) : text.flag(TIED));
        refuseKeys();
        parameters.addAll(classes.parameters(own.head(), text));
        if (causal) {
            parameters.add(new Parameter(head + ".weight", head, embedding.shape(), Kind.HEAD, !tied));
        }
        return new ModelPlan(
                modelType,
                own,
                parameters,
                layers,
                new ModelPlan.Tie(tied ? List.of(List.of(embedding.name(), head + ".weight")) : List.of(), false),
                new ModelPlan.Names(basePrefix(), renames(), buffers(), stacks),
                causal
                        ? new DecoderReader(family, stack(TEXT), config, text)
                                .read(layers.get(0).names(), embedding, tied ? embedding.name() : head + ".weight")
                        : new ModelPlan.Forward(null, null));
    }

    /** Refuses keys that change what the model is and that nothing here follows. */
    private void refuseKeys() {
        family.path("refused").properties().forEach(entry -> {
            if (config.has(entry.getKey())) {
                throw UnsupportedArchitectureException.notComputed(
                        config, entry.getKey(), entry.getValue().textValue());
            }
        });
        family.path("refused_if_false").properties().forEach(entry -> {
            if (config.isBool(entry.getKey()) && !config.bool(entry.getKey())) {
                throw UnsupportedArchitectureException.refusedEverywhere(
                        config, entry.getKey(), entry.getValue().textValue());
            }
        });
    }

    /** What the names of a stack begin with, dot and all; empty for the modules of a base model alone. */
    private String prefix(JsonNode stack) {
        String prefix = classes.rebased(stack.path("prefix").textValue(), own.head());
        return prefix.isEmpty() ? "" : prefix + ".";
    }

    private JsonNode stack(String name) {
        return family.path("stacks").path(name);
    }

    private static void add(JsonNode modules, String prefix, Sizes sizes, List<Parameter> parameters) {
        modules.properties().forEach(entry -> {
            String module = prefix + entry.getKey();
            JsonNode description = entry.getValue();
            Shape shape = sizes.shape(description.path("shape"));
            Kind kind = Kind.valueOf(description.path("kind").textValue().toUpperCase(Locale.ROOT));
            parameters.add(new Parameter(module + ".weight", module, shape, kind, true));
            String bias = description.path("bias").asText("never");
            if (bias.equals("always") || (!bias.equals("never") && sizes.flag(bias))) {
                parameters.add(new Parameter(module + ".bias", module, Shape.of(shape.dimension(0)), Kind.BIAS, true));
            }
        });
    }

    /** What the class calls the base model; what another would call it, for a base model alone. */
    private String basePrefix() {
        String base = family.path("base_prefix").textValue();
        String own = classes.rebased(base, this.own.head());
        return own.isEmpty() ? base : own;
    }

    private List<Rename> renames() {
        List<Rename> renames = new ArrayList<>();
        family.path("renames")
                .properties()
                .forEach(entry -> renames.add(new Rename(
                        Pattern.compile(entry.getKey()), entry.getValue().textValue(), beginning(entry.getKey()))));
        return renames;
    }

    /** The plain text that a pattern such as {@code ^model\\.(?!visual\\.)} begins with. */
    private static String beginning(String pattern) {
        int end = pattern.indexOf('(');
        return pattern.substring(0, end < 0 ? pattern.length() : end)
                .replace("^", "")
                .replace("\\.", ".");
    }

    private List<String> buffers() {
        return StreamSupport.stream(family.path("buffers").spliterator(), false)
                .map(JsonNode::textValue)
                .toList();
    }
}
