package io.modelassay.architecture;

import io.modelassay.checkpoint.Shape;
import io.modelassay.failure.ModelAssayException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** What a config says a model is made of: every expected parameter, and the decoder's wiring where that is known. */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelPlan {
    private final String modelType;
    private final ModelClass modelClass;
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Set<String> modules = new LinkedHashSet<>();
    private final Set<String> stacks = new HashSet<>();
    private final List<Layers> layers;
    private final Tie tie;
    private final Names names;
    private final Forward forward;

    ModelPlan(
            String modelType,
            ModelClass modelClass,
            List<Parameter> parameters,
            List<Layers> layers,
            Tie tie,
            Names names,
            Forward forward) {
        this.modelType = modelType;
        this.modelClass = modelClass;
        parameters.forEach(parameter -> {
            this.parameters.put(parameter.name(), parameter);
            modules.add(parameter.module());
        });
        this.layers = List.copyOf(layers);
        layers.forEach(stack -> stacks.add(stack.prefix()));
        this.tie = tie;
        this.names = names;
        this.forward = forward;
    }

    /**
     * Layers of one stack, which have the same modules.
     *
     * @param stack {@code text} for the language model's, {@code vision} for an image encoder's
     * @param prefix what the names have before the number, such as {@code model.layers}
     * @param count how many the config asks for
     * @param key the config's key for the count, such as {@code num_hidden_layers}
     */
    public record Layers(String stack, String prefix, int count, String key) {
        /** {@code model.layers.0} and on. */
        public List<String> names() {
            return IntStream.range(0, count).mapToObj(i -> prefix + "." + i).toList();
        }
    }

    /**
     * A name of an earlier generation, as a pattern, and what loaders make of it.
     *
     * @param earlier what the pattern's names begin with
     */
    record Rename(Pattern from, String to, String earlier) {}

    /**
     * What loaders know of names beside the parameters'.
     *
     * @param basePrefix name of the model without its head within the model with it
     * @param renames names of earlier generations
     * @param buffers names that are computed, not loaded
     * @param stacks tensors that hold the weights of all experts of a layer, by name
     */
    record Names(String basePrefix, List<Rename> renames, List<String> buffers, Map<String, Stack> stacks) {}

    /** The weights of all experts of one layer in one tensor, as transformers 5 holds them. */
    record Stack(List<String> parameters, Shape shape) {}

    /** Whether the model is a mixture of experts. */
    public boolean hasExperts() {
        return !names.stacks.isEmpty();
    }

    /** Tensors that hold the weights of all experts of a layer, by name. */
    Map<String, Stack> stacks() {
        return names.stacks;
    }

    /**
     * What the config ties.
     *
     * @param names of each list, the parameters are one
     * @param headKept whether the file stores the head with other values, so that it is not tied
     */
    record Tie(List<List<String>> names, boolean headKept) {}

    /**
     * The forward pass: how the decoder computes, why the config forbids it, or neither where the family has none.
     */
    record Forward(@Nullable DecoderPlan decoder, @Nullable ModelAssayException refusal) {}

    /** The config's {@code model_type}. */
    public String modelType() {
        return modelType;
    }

    /** The class of transformers that the parameters are those of. */
    public ModelClass modelClass() {
        return modelClass;
    }

    /** Every parameter the architecture has under this config, in the order of the layers. */
    public List<Parameter> parameters() {
        return List.copyOf(parameters.values());
    }

    /** How the language model computes: whether {@link #decoder} has an answer. */
    public boolean hasForwardPass() {
        return forward.decoder != null;
    }

    /**
     * Why the config of a family that has a forward pass does not let it run: what {@link #decoder} throws, an
     * {@link UnsupportedArchitectureException} or a {@link io.modelassay.checkpoint.CheckpointException}.
     */
    public Optional<ModelAssayException> refusal() {
        return Optional.ofNullable(forward.refusal);
    }

    /**
     * How the decoder computes.
     *
     * @throws UnsupportedArchitectureException if only the structure of this model type is known, or the config asks for what
     *     is not computed
     * @throws io.modelassay.checkpoint.CheckpointException if a setting of the forward pass is absent or out of range
     */
    public DecoderPlan decoder() {
        if (modelClass.head() != ModelHead.LANGUAGE_MODEL) {
            throw new UnsupportedArchitectureException(
                    "The class " + modelClass.name()
                            + " of config.json's architectures gives no logits of a next token, so nothing can be evaluated",
                    "the structural checks, which need no forward pass, or a model of class ForCausalLM");
        }
        if (forward.refusal != null) {
            throw forward.refusal;
        }
        if (forward.decoder == null) {
            throw new UnsupportedArchitectureException(
                    "Model type \"" + modelType + "\" has no forward pass here",
                    "the structural checks, which need none");
        }
        return forward.decoder;
    }

    /** The repeated layers of each stack, the language model's first. */
    public List<Layers> layers() {
        return layers;
    }

    /** Names that are one parameter under this config: of each list, one has to be stored. */
    public List<List<String>> tied() {
        return tie.headKept ? List.of() : tie.names;
    }

    /**
     * Whether the config ties head and embedding while the file stores the two with other values: transformers 5 keeps both
     * then, and so does this plan.
     */
    public boolean keepsStoredHead() {
        return tie.headKept;
    }

    /** What the model calls the base model that it adds a head to, such as {@code model}. */
    public String basePrefix() {
        return names.basePrefix;
    }

    /** Names that this family's models compute and do not load, beside those of every family. */
    public List<String> buffers() {
        return names.buffers;
    }

    /**
     * The present name of {@code stored}: families whose names have changed are read under the old ones too. Loaders do
     * so whenever they load such a model; a name that never changed is its own.
     */
    public String canonical(String stored) {
        String name = stored;
        for (Rename rename : names.renames) {
            name = rename.from.matcher(name).replaceFirst(rename.to);
        }
        return name;
    }

    /**
     * All names of the module that is called {@code name} in a file or by a loader: its present name first, then those of
     * earlier generations, that without the base model's prefix, and {@code name} itself.
     */
    public List<String> namesOf(String name) {
        String present = resolve(name);
        Set<String> all = new LinkedHashSet<>(List.of(present));
        for (Rename rename : names.renames) {
            if (present.startsWith(rename.to)) {
                String earlier = rename.earlier + present.substring(rename.to.length());
                if (canonical(earlier).equals(present)) {
                    all.add(earlier);
                }
            }
        }
        String prefix = names.basePrefix + ".";
        if (present.startsWith(prefix)) {
            all.add(present.substring(prefix.length()));
        }
        all.add(name);
        return List.copyOf(all);
    }

    /**
     * The name under which loaders look for {@code stored}, which is a tensor, a module or a part of one: its present name,
     * else that with the base model's prefix once less or once more. A name that belongs to nothing stays its present one.
     */
    public String resolve(String stored) {
        if (isKnown(stored)) {
            return stored;
        }
        String name = canonical(stored);
        if (isKnown(name)) {
            return name;
        }
        String prefix = names.basePrefix + ".";
        if (name.startsWith(prefix) && isKnown(name.substring(prefix.length()))) {
            return name.substring(prefix.length());
        }
        return isKnown(prefix + name) ? prefix + name : name;
    }

    /** Whether a module of that name, or one above it, owns a parameter or numbers layers, be there one of this number or not. */
    private boolean isKnown(String name) {
        for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
            String module = name.substring(0, end);
            if (modules.contains(module) || stacks.contains(module)) {
                return true;
            }
        }
        return false;
    }

    boolean has(String name) {
        return parameters.containsKey(name);
    }

    /** The names that are one parameter with this one; itself alone where it is tied to none. */
    List<String> sharers(Parameter parameter) {
        return tied().stream()
                .filter(group -> group.contains(parameter.name()))
                .findFirst()
                .orElse(List.of(parameter.name()));
    }

    /** The parameters of one layer, or of any other module and what lies below it. */
    public List<Parameter> parametersOf(String module) {
        String prefix = canonical(module) + ".";
        return parameters.values().stream()
                .filter(p -> p.name().startsWith(prefix))
                .toList();
    }

    /** The parameter of that name, present or of an earlier generation. */
    public Optional<Parameter> parameter(String name) {
        return Optional.ofNullable(parameters.get(canonical(name)));
    }

    /** Names of the modules that own a weight, in the order of the layers. */
    public List<String> modules() {
        return List.copyOf(modules);
    }

    /** This plan with {@code more} parameters, such as biases that the architecture does not have. */
    public ModelPlan with(List<Parameter> more) {
        List<Parameter> all = new ArrayList<>(parameters.values());
        all.addAll(more);
        return new ModelPlan(modelType, modelClass, all, layers, tie, names, forward);
    }

    /** This plan of a file whose head has values of its own, although the config ties it to the embedding. */
    ModelPlan withStoredHead() {
        Parameter head = parameters.values().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.HEAD)
                .findFirst()
                .orElseThrow();
        return new ModelPlan(
                modelType,
                modelClass,
                List.copyOf(parameters.values()),
                layers,
                new Tie(tie.names, true),
                names,
                new Forward(forward.decoder == null ? null : forward.decoder.withHead(head.name()), forward.refusal));
    }
}
