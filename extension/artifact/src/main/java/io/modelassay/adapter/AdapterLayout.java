package io.modelassay.adapter;

import io.modelassay.adapter.BaseModule.Kind;
import io.modelassay.adapter.LayoutRules.StackSides;
import io.modelassay.adapter.PeftMethod.Part;
import io.modelassay.adapter.PeftMethod.Start;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/** The tensors that PEFT makes under a config in a base model, by the keys that it saves them under. */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterLayout {
    private final AdapterConfig config;
    private final PeftMethod method;
    private final BaseModules base;
    private final LayoutRules rules;
    private final List<BaseModule> targeted;
    private final List<String> idle;
    private final Set<String> parameters = new TreeSet<>();
    private final SortedMap<String, Slot> slots = new TreeMap<>();

    /** What a tensor is to the adapter. */
    @API(status = API.Status.EXPERIMENTAL)
    public enum Role {
        /** One of the method's own. */
        METHOD,
        /** One that all modules share. */
        SHARED,
        /** Rows for some tokens of an embedding. */
        TOKENS,
        /** A parameter of the base, stored whole. */
        SAVED
    }

    /**
     * A place for a tensor.
     *
     * @param module the module that it belongs to; empty for one that modules share
     * @param suffix what its key has behind the module's name; for {@link Role#SAVED} the parameter's whole name
     * @param shapes the shapes that it may have, the usual one first
     * @param rankAxis the axis whose size is the rank, or -1
     * @param role what it is
     * @param neutral whether it starts where the adapter leaves the base as it is
     */
    @API(status = API.Status.EXPERIMENTAL)
    public record Slot(String module, String suffix, List<Shape> shapes, int rankAxis, Role role, boolean neutral) {
        boolean isAdaptersOwn() {
            return role == Role.METHOD || role == Role.TOKENS;
        }
    }

    /** With the modules that the file names, for a config that names none. */
    AdapterLayout(AdapterConfig config, BaseModules base, LayoutRules rules, Supplier<List<String>> stored) {
        this.config = config;
        this.method = PeftMethods.require(config);
        this.base = base;
        this.rules = rules;
        TargetMatcher matcher = new TargetMatcher(config, base.modelType());
        List<BaseModule> named = matcher.names()
                ? matcher.targeted(base.all())
                : stored.get().stream()
                        .flatMap(name -> base.find(name).stream())
                        .toList();
        this.targeted = withTied(named);
        this.idle = matcher.idle(base.all());
        layMethod();
        layParameters();
        layTokens();
        laySaved();
    }

    /**
     * Lays out the tensors of {@code config} in {@code base}.
     *
     * @throws AdapterException if the method is not known, or a pattern of the config can't be matched
     */
    public static AdapterLayout of(AdapterConfig config, BaseModules base) {
        return of(config, base.replicated(config.replicatedLayers()), LayoutRules.PRESENT);
    }

    /** The same as a version of PEFT lays them out in {@code base}, which is the base as the adapter comes upon it. */
    public static AdapterLayout of(AdapterConfig config, BaseModules base, LayoutRules rules) {
        return new AdapterLayout(config, base, rules, List::of);
    }

    /** Every place by the key that PEFT saves it under, sorted. */
    public SortedMap<String, Slot> slots() {
        return Collections.unmodifiableSortedMap(slots);
    }

    /** The modules that {@code target_modules} names, in the order of the layers. */
    public List<BaseModule> targeted() {
        return targeted;
    }

    /** The parameters that {@code target_parameters} names, sorted. */
    public Set<String> targetedParameters() {
        return Collections.unmodifiableSet(parameters);
    }

    /** Head and embedding where one of them is named, they are one, and the config wants them to stay so. */
    private List<BaseModule> withTied(List<BaseModule> named) {
        if (!rules.tiesTargets() || !areTied()) {
            return named;
        }
        List<BaseModule> ends = ends();
        if (named.stream().noneMatch(ends::contains)) {
            return named;
        }
        Set<BaseModule> all = new LinkedHashSet<>(named);
        all.addAll(ends);
        return List.copyOf(all);
    }

    private boolean areTied() {
        return config.ensuresWeightTying() && (base.isTied() || rules.tiesAlways());
    }

    private List<BaseModule> ends() {
        return Stream.of(base.inputEmbedding(), base.head())
                .flatMap(Optional::stream)
                .toList();
    }

    /** Entries of {@code target_modules} that name no module. */
    List<String> idle() {
        return idle;
    }

    private void lay(String module, Part part, Role role) {
        int dot = part.suffix().indexOf('.');
        String root = dot < 0 ? part.suffix() : part.suffix().substring(0, dot);
        boolean neutral = role == Role.METHOD && method.roots().getOrDefault(root, Start.ANYWHERE) != Start.ANYWHERE;
        slots.put(
                AdapterKey.PREFIX + module + "." + part.suffix(),
                new Slot(module, part.suffix(), part.shapes(), part.rankAxis(), role, neutral));
    }

    private void layMethod() {
        for (BaseModule module : targeted) {
            method.parts(module, config).forEach(part -> lay(module.name(), part, Role.METHOD));
        }
        List<BaseModule> linear = targeted.stream().filter(BaseModule::isLinear).toList();
        method.shared(linear, config)
                .forEach(part -> slots.put(
                        part.suffix(),
                        new Slot("", part.suffix(), part.shapes(), part.rankAxis(), Role.SHARED, false)));
    }

    /**
     * Several parameters of one module wrap each other, each layer of it with one more {@code base_layer}: the parameter
     * that the module registers last is the outermost.
     */
    private void layParameters() {
        Map<String, List<String>> targets = new LinkedHashMap<>();
        for (String entry : config.targetParameters()) {
            base.parameters().forEach((name, shape) -> {
                int dot = name.lastIndexOf('.');
                boolean named = name.equals(entry) || ModuleSelector.endsWith(name, entry);
                if (dot > 0 && named && (shape.rank() == 2 || shape.rank() == 3) && parameters.add(name)) {
                    targets.computeIfAbsent(name.substring(0, dot), key -> new ArrayList<>())
                            .add(name);
                }
            });
        }
        targets.forEach((module, names) -> {
            names.sort(Comparator.comparing((String name) -> !isRegisteredLast(name))
                    .thenComparing(Comparator.naturalOrder()));
            String nested = module;
            for (String name : names) {
                layParameter(nested, name);
                nested += ".base_layer";
            }
        });
    }

    /** Mixtures register what leads into their experts first. */
    private static boolean isRegisteredLast(String parameter) {
        return parameter.endsWith(".down_proj");
    }

    private void layParameter(String place, String parameter) {
        Shape shape = Objects.requireNonNull(base.parameters().get(parameter));
        boolean stacked = shape.rank() == 3;
        long ranks = config.rank(parameter) * (stacked ? shape.dimension(0) : 1);
        boolean says = stacked && rules.experts().saysTransposed(base);
        boolean inputsFirst = stacked && (rules.sides() == StackSides.INPUTS_FIRST || says);
        long in = shape.dimension(shape.rank() - (inputsFirst ? 2 : 1));
        long out = shape.dimension(shape.rank() - (inputsFirst ? 1 : 2));
        boolean either = says && rules.sides() == StackSides.BY_ANY_CLASS;
        List<Shape> a = either ? List.of(Shape.of(ranks, in), Shape.of(ranks, out)) : List.of(Shape.of(ranks, in));
        List<Shape> b = either ? List.of(Shape.of(out, ranks), Shape.of(in, ranks)) : List.of(Shape.of(out, ranks));
        lay(place, new Part("lora_A.weight", a, 0), Role.METHOD);
        lay(place, new Part("lora_B.weight", b, 1), Role.METHOD);
    }

    private void layTokens() {
        config.trainableTokens()
                .forEach((name, count) -> embeddings(name)
                        .forEach(module -> lay(
                                module.name(),
                                Part.of(
                                        "token_adapter.trainable_tokens_delta",
                                        -1,
                                        count,
                                        module.weight().dimension(1)),
                                Role.TOKENS)));
    }

    private List<BaseModule> embeddings(String name) {
        if (name.isEmpty()) {
            return base.all().stream()
                    .filter(module -> module.kind() == Kind.EMBEDDING)
                    .limit(1)
                    .toList();
        }
        return base.all().stream()
                .filter(module -> module.weight().rank() == 2)
                .filter(module -> module.name().equals(name) || ModuleSelector.endsWith(module.name(), name))
                .toList();
    }

    /** PEFT takes every module whose name ends with an entry, with a dot before it or not. */
    private void laySaved() {
        List<String> saved = new ArrayList<>(config.modulesToSave());
        if (rules.tiesSaved() && areTied()) {
            List<String> ends = ends().stream().map(BaseModule::name).toList();
            if (ends.stream().anyMatch(end -> saved.stream().anyMatch(end::endsWith))) {
                saved.addAll(ends);
            }
        }
        for (String entry : saved) {
            base.parameters().forEach((name, shape) -> {
                for (int dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
                    if (name.substring(0, dot).endsWith(entry)) {
                        slots.putIfAbsent(
                                AdapterKey.PREFIX + name,
                                new Slot(name.substring(0, dot), name, List.of(shape), -1, Role.SAVED, false));
                        return;
                    }
                }
            });
        }
    }
}
