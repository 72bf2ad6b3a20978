package io.modelassay.adapter;

import io.modelassay.adapter.BaseModule.Kind;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelHead;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Modules and parameters of a base model, from the plan of its architecture or, where that is not known, from its
 * checkpoint's headers. Weights that are stored quantized count in the shape that they decode to.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class BaseModules {
    private static final String WEIGHT = ".weight";
    private static final String HEAD = "lm_head";
    private static final Set<String> TRANSPOSING = Set.of("gpt2", "openai-gpt", "imagegpt", "decision_transformer");

    /** What heads call the model inside them, for checkpoints that were saved without a head. */
    private static final List<String> PREFIXES = List.of(
            "model.", "transformer.", "bert.", "roberta.", "gpt_neox.", "model.decoder.", "deberta.", "distilbert.");

    private static final Pattern LAYER = Pattern.compile("((?:model\\.)?layers\\.)(\\d{1,6})(\\..*)");

    private final Map<String, BaseModule> modules = new LinkedHashMap<>();
    private final Map<String, Shape> parameters = new LinkedHashMap<>();
    private final Optional<String> modelType;
    private final @Nullable ModelPlan plan;
    private final boolean tied;

    private BaseModules(Optional<String> modelType, @Nullable ModelPlan plan, boolean tied) {
        this.modelType = modelType;
        this.plan = plan;
        this.tied = tied;
    }

    /** The modules of {@code base}; no tensor is read. */
    public static BaseModules of(Checkpoint base) {
        Optional<ModelPlan> plan = plan(base);
        StoredQuantization packed = StoredQuantization.of(base, plan);
        return plan.isPresent() ? of(plan.get(), gptq(packed)) : ofTensors(base, packed);
    }

    /** Modules in GPTQ's format, whose adapters PEFT may make in other shapes. */
    private static Set<String> gptq(StoredQuantization packed) {
        return packed.weights().values().stream()
                .filter(weight -> weight.format().scheme().equals("gptq"))
                .map(PackedWeight::module)
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Optional<ModelPlan> plan(Checkpoint base) {
        try {
            return Architectures.find(base, ModelHead.LANGUAGE_MODEL)
                    // Tensors tell whether experts are stacked, which decides what adapters may name.
                    .filter(plan -> !plan.hasExperts());
        } catch (UnsupportedArchitectureException e) {
            return Optional.empty();
        }
    }

    /** The modules that an architecture has. */
    public static BaseModules of(ModelPlan plan) {
        return of(plan, Set.of());
    }

    private static BaseModules of(ModelPlan plan, Set<String> gptq) {
        BaseModules base = new BaseModules(
                Optional.of(plan.modelType()), plan, !plan.tied().isEmpty());
        for (Parameter parameter : plan.parameters()) {
            base.parameters.put(parameter.name(), parameter.shape());
            if (parameter.name().endsWith(WEIGHT)) {
                base.put(new BaseModule(
                        parameter.module(), kind(parameter), parameter.shape(), gptq.contains(parameter.module())));
            }
        }
        return base;
    }

    private static Kind kind(Parameter parameter) {
        int rank = parameter.shape().rank();
        return switch (parameter.kind()) {
            case EMBEDDING -> Kind.EMBEDDING;
            case LINEAR -> Kind.LINEAR;
            case HEAD -> Kind.HEAD;
            case BIAS, NORM -> Kind.OTHER;
            case OTHER -> rank == 2 ? Kind.MATRIX : rank > 2 ? Kind.CONVOLUTION : Kind.OTHER;
        };
    }

    private static BaseModules ofTensors(Checkpoint checkpoint, StoredQuantization packed) {
        ModelConfig config = checkpoint.config();
        Optional<String> type = config.modelType();
        boolean headless = checkpoint.tensors().keySet().stream().noneMatch(name -> name.startsWith(HEAD + "."));
        boolean language = config.architectures().stream().anyMatch(BaseModules::isOfLanguageModel);
        boolean tied = headless && language && config.bool("tie_word_embeddings", true);
        BaseModules base = new BaseModules(type, null, tied);
        checkpoint.tensors().forEach((name, tensor) -> {
            if (packed.explains(name)) {
                return;
            }
            base.parameters.put(name, tensor.shape());
            if (name.endsWith(WEIGHT)) {
                String module = name.substring(0, name.length() - WEIGHT.length());
                base.put(new BaseModule(module, kind(module, tensor.shape(), type.orElse("")), tensor.shape(), false));
            }
        });
        Set<String> gptq = gptq(packed);
        packed.weights().forEach((name, weight) -> {
            base.parameters.put(name, weight.shape());
            if (name.endsWith(WEIGHT)) {
                base.put(new BaseModule(weight.module(), Kind.LINEAR, weight.shape(), gptq.contains(weight.module())));
            }
        });
        base.inputEmbedding().filter(embedding -> tied).ifPresent(embedding -> {
            base.parameters.put(HEAD + WEIGHT, embedding.weight());
            base.put(new BaseModule(HEAD, Kind.HEAD, embedding.weight(), false));
        });
        return base;
    }

    /** Whether a class of that name has a head over the vocabulary, which is the embedding's where none is stored. */
    private static boolean isOfLanguageModel(String architecture) {
        return architecture.endsWith("ForCausalLM")
                || architecture.endsWith("LMHeadModel")
                || architecture.endsWith("ForConditionalGeneration");
    }

    private static Kind kind(String module, Shape shape, String modelType) {
        String last = module.substring(module.lastIndexOf('.') + 1);
        if (shape.rank() < 2) {
            return Kind.OTHER;
        }
        if (shape.rank() > 2) {
            return Kind.CONVOLUTION;
        }
        if (last.contains("embed_tokens")
                || last.endsWith("embeddings")
                || last.matches("wte|wpe|embed_in|embed_positions|tok_embeddings|shared")) {
            return Kind.EMBEDDING;
        }
        if (module.matches("lm_head|embed_out|output")) {
            return Kind.HEAD;
        }
        return TRANSPOSING.contains(modelType) && last.matches("c_attn|c_proj|c_fc|q_attn")
                ? Kind.TRANSPOSED
                : Kind.LINEAR;
    }

    private void put(BaseModule module) {
        modules.put(module.name(), module);
    }

    /**
     * These modules under the names that {@code stored} says they have: a checkpoint saved without its head lacks the first
     * part of the names that the whole model, and so the adapter, has.
     */
    BaseModules namedAs(Supplier<List<String>> stored) {
        if (plan != null) {
            return this;
        }
        List<String> used = stored.get();
        if (used.stream().anyMatch(modules::containsKey)) {
            return this;
        }
        for (String prefix : PREFIXES) {
            if (used.stream()
                    .anyMatch(
                            name -> name.startsWith(prefix) && modules.containsKey(name.substring(prefix.length())))) {
                return renamed(name -> name.equals(HEAD) || name.startsWith(HEAD + ".") ? name : prefix + name);
            }
        }
        return this;
    }

    /** These modules under other names; those that get an empty one are left out. */
    BaseModules renamed(UnaryOperator<String> names) {
        BaseModules renamed = new BaseModules(modelType, plan, tied);
        modules.values().forEach(module -> {
            String name = names.apply(module.name() + WEIGHT);
            if (!name.isEmpty()) {
                renamed.put(module.named(withoutWeight(name)));
            }
        });
        parameters.forEach((parameter, shape) -> {
            String name = names.apply(parameter);
            if (!name.isEmpty()) {
                renamed.parameters.put(name, shape);
            }
        });
        return renamed;
    }

    /** These modules and others beside them. */
    BaseModules with(Map<String, Shape> more, Kind kind) {
        BaseModules extended = renamed(UnaryOperator.identity());
        more.forEach((name, shape) -> {
            extended.parameters.put(name, shape);
            if (name.endsWith(WEIGHT)) {
                extended.put(new BaseModule(withoutWeight(name), kind, shape, false));
            }
        });
        return extended;
    }

    /** These modules with {@code layers} in place of the language model's own, as {@code layer_replication} has them. */
    BaseModules replicated(List<Integer> layers) {
        if (layers.isEmpty()) {
            return this;
        }
        BaseModules replicated = new BaseModules(modelType, plan, tied);
        modules.values()
                .forEach(module -> copies(module.name(), layers).forEach(name -> replicated.put(module.named(name))));
        parameters.forEach(
                (name, shape) -> copies(name, layers).forEach(copy -> replicated.parameters.put(copy, shape)));
        return replicated;
    }

    private static List<String> copies(String name, List<Integer> layers) {
        Matcher layer = LAYER.matcher(name);
        if (!layer.matches()) {
            return List.of(name);
        }
        int source = Integer.parseInt(layer.group(2));
        List<String> copies = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i) == source) {
                copies.add(layer.group(1) + i + layer.group(3));
            }
        }
        return copies;
    }

    /** All modules that own a weight, in the order of the layers. */
    public Collection<BaseModule> all() {
        return Collections.unmodifiableCollection(modules.values());
    }

    /** The module of that name. */
    public Optional<BaseModule> find(String name) {
        return Optional.ofNullable(modules.get(name));
    }

    /** Every parameter with its shape. */
    public Map<String, Shape> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    /** The embedding of the tokens; empty if there is none that looks like it. */
    Optional<BaseModule> inputEmbedding() {
        List<BaseModule> embeddings = modules.values().stream()
                .filter(module -> module.kind() == Kind.EMBEDDING)
                .toList();
        return embeddings.stream()
                .filter(module ->
                        module.name().matches("(.*\\.)?(embed_tokens|word_embeddings|wte|embed_in|tok_embeddings)"))
                .findFirst()
                .or(() -> embeddings.stream().findFirst());
    }

    /** Number of rows of the embedding of the tokens. */
    public OptionalLong vocabulary() {
        return inputEmbedding()
                .map(embedding -> OptionalLong.of(embedding.weight().dimension(0)))
                .orElse(OptionalLong.empty());
    }

    /** The head over the vocabulary. */
    Optional<BaseModule> head() {
        return modules.values().stream()
                .filter(module -> module.kind() == Kind.HEAD)
                .findFirst();
    }

    /** Whether {@code module} is an embedding or the head. */
    public boolean isEnd(String module) {
        return find(module)
                .filter(found -> found.kind() == Kind.EMBEDDING || found.kind() == Kind.HEAD)
                .isPresent();
    }

    /** Whether the head is the embedding. */
    public boolean isTied() {
        return tied;
    }

    /** The config's {@code model_type}, if there is one. */
    public Optional<String> modelType() {
        return modelType;
    }

    /** The present name of a module that an earlier version of transformers called {@code name}. */
    public String canonical(String name) {
        // Renames are written for parameters.
        return plan == null ? name : withoutWeight(plan.canonical(name + WEIGHT));
    }

    private static String withoutWeight(String name) {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    }

    /** What the model with a head calls the model without. */
    String basePrefix() {
        if (plan != null) {
            return plan.basePrefix();
        }
        return PREFIXES.stream()
                .filter(prefix -> modules.keySet().stream().anyMatch(name -> name.startsWith(prefix)))
                .findFirst()
                .map(prefix -> prefix.substring(0, prefix.length() - 1))
                .orElse("model");
    }
}
