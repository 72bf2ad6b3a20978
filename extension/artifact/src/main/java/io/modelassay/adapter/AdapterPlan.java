package io.modelassay.adapter;

import io.modelassay.adapter.AdapterComparison.Placement;
import io.modelassay.adapter.AdapterComparison.Replacement;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/** An adapter resolved against a model: what it adds to each module, and which parameters it stores whole. */
@API(status = API.Status.INTERNAL)
public final class AdapterPlan {
    private static final String TOKENS = "trainable_tokens_delta";
    private static final String WEIGHT = ".weight";

    private final PeftAdapter adapter;
    private final Optional<String> kernel;
    private final Map<String, AdaptedModule> modules = new TreeMap<>();
    private final Map<String, AdaptedModule> parameters = new TreeMap<>();
    private final Map<String, AdapterTensor> overwritten = new TreeMap<>();
    private final Map<String, AdapterTensor> copies = new TreeMap<>();
    private final Map<String, TokenRows> tokens = new TreeMap<>();
    private final Set<String> biased = new HashSet<>();

    private AdapterPlan(PeftAdapter adapter, Optional<String> kernel) {
        this.adapter = adapter;
        this.kernel = kernel;
    }

    /**
     * Resolves {@code adapter} against {@code model}.
     *
     * @throws AdapterException {@code adapter-mismatch} if a key is missing, has no place or another shape, {@code
     *     unsupported-adapter-form} if the config asks for something that is not computed here, {@code
     *     unsupported-peft-type} if its method is not known
     */
    public static AdapterPlan of(PeftAdapter adapter, ModelPlan model) {
        PeftMethod method = PeftMethods.require(adapter.config());
        method.unsupported(adapter.config()).ifPresent(form -> {
            throw unsupported(adapter, form);
        });
        BaseModules base = BaseModules.of(model);
        AdapterComparison comparison = new AdapterComparison(adapter, AdaptedBase.model(base));
        requireMatch(adapter, comparison);
        AdapterPlan plan = new AdapterPlan(adapter, method.kernel());
        model.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.BIAS)
                .forEach(bias -> plan.biased.add(bias.module()));
        plan.addModules(method, base, comparison);
        for (Replacement replacement : comparison.replacements) {
            AdapterTensor tensor = AdapterTensor.stored(adapter, replacement.tensor());
            (replacement.copy() ? plan.copies : plan.overwritten).put(replacement.parameter(), tensor);
        }
        return plan;
    }

    private static AdapterException unsupported(PeftAdapter adapter, String form) {
        return new AdapterException(
                AdapterProblem.UNSUPPORTED_ADAPTER_FORM,
                "The adapter has " + form + ", which is not computed here",
                adapter.config().json().file(),
                "the checks of its keys and values, which compute nothing; or merge it with PEFT and test the result");
    }

    private static void requireMatch(PeftAdapter adapter, AdapterComparison comparison) {
        String wrong;
        if (!comparison.mismatched.isEmpty()) {
            AdapterReport.Mismatch first = comparison.mismatched.get(0);
            wrong = first.name() + " is stored as " + first.stored() + ", where the model has room for "
                    + first.expected() + more(comparison.mismatched.size());
        } else if (!comparison.missing.isEmpty()) {
            wrong = comparison.missing.iterator().next() + " is missing" + more(comparison.missing.size());
        } else if (!comparison.unexpected.isEmpty()) {
            wrong = comparison.unexpected.iterator().next() + " has no place in the model"
                    + more(comparison.unexpected.size());
        } else if (comparison.placements.isEmpty() && comparison.replacements.isEmpty()) {
            wrong = "it has no tensor for any module of the model";
        } else {
            return;
        }
        throw new AdapterException(
                AdapterProblem.ADAPTER_MISMATCH,
                "The adapter does not fit the model: " + wrong,
                adapter.weights().folder(),
                "assertThat(adapter).matchesKeysOf(model), which lists every key; or the base that it was trained on"
                        + adapter.config()
                                .baseModel()
                                .map(name -> " (" + name + ")")
                                .orElse(""));
    }

    private static String more(int count) {
        return count == 1 ? "" : " (and " + (count - 1) + " more)";
    }

    private void addModules(PeftMethod method, BaseModules base, AdapterComparison comparison) {
        AdapterConfig config = adapter.config();
        Map<String, Map<String, AdapterTensor>> parts = new TreeMap<>();
        Map<String, AdapterTensor> shared = new LinkedHashMap<>();
        for (Placement placement : comparison.placements) {
            AdapterTensor tensor = AdapterTensor.stored(adapter, placement.tensor());
            String part = part(placement.part());
            if (part.equals(TOKENS)) {
                tokens.put(placement.module(), new TokenRows(config.tokens(placement.module()), tensor));
            } else if (placement.module().isEmpty()) {
                shared.put(part, tensor);
            } else {
                parts.computeIfAbsent(placement.module(), name -> new LinkedHashMap<>())
                        .put(part, tensor);
            }
        }
        Set<String> targeted = new HashSet<>(comparison.targeted());
        List<BaseModule> linear = base.all().stream()
                .filter(module -> targeted.contains(module.name()) && module.isLinear())
                .toList();
        shared.putAll(method.generated(linear, config));
        parts.forEach((name, own) -> {
            BaseModule module = base.find(name).orElseThrow(() -> nested(name));
            own.putAll(shared);
            method.unsupported(module, own).ifPresent(form -> {
                throw unsupported(adapter, form + " (" + name + ")");
            });
            AdaptedModule adapted = new AdaptedModule(
                    name,
                    Collections.unmodifiableMap(own),
                    method.numbers(module, config),
                    rowParts(method, module, own),
                    module.isLinear() ? method.derivedParts(config) : Map.of(),
                    method.mergesBias(module, config));
            if (targeted.contains(name)) {
                modules.put(name, adapted);
            } else {
                parameters.put(name + WEIGHT, adapted);
            }
        });
    }

    private static Set<String> rowParts(PeftMethod method, BaseModule module, Map<String, AdapterTensor> parts) {
        Set<String> rows = new TreeSet<>(method.rowParts());
        rows.retainAll(parts.keySet());
        rows.removeIf(part -> Objects.requireNonNull(parts.get(part)).shape().dimension(0) < module.out());
        return rows;
    }

    private AdapterException nested(String module) {
        return unsupported(adapter, "several parameters of one module, such as " + module);
    }

    /** What the kernel calls a part: its key behind the module, without {@code .weight}. */
    private static String part(String suffix) {
        String name = suffix.startsWith("base_model.") ? suffix.substring("base_model.".length()) : suffix;
        name = name.startsWith("token_adapter.") ? name.substring("token_adapter.".length()) : name;
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    }

    /**
     * Checks that PEFT can merge the adapter.
     *
     * @throws AdapterException {@code not-mergeable} if a module without a bias has one in the adapter
     */
    public void requireMergeable() {
        modules.values().stream()
                .filter(module -> module.parts().containsKey("lora_B.bias") && !biased.contains(module.name()))
                .findFirst()
                .ifPresent(module -> {
                    throw new AdapterException(
                            AdapterProblem.NOT_MERGEABLE,
                            "The adapter adds a bias to " + module.name() + ", which has none to merge it into",
                            adapter.config().json().file(),
                            "the adapter unmerged; or training with lora_bias off");
                });
    }

    /** The adapter. */
    public PeftAdapter adapter() {
        return adapter;
    }

    /** Resource name of the kernel file that computes adapted modules; empty if the adapter has none of them. */
    public Optional<String> kernel() {
        return kernel.map(file -> "/" + AdapterPlan.class.getPackageName().replace('.', '/') + "/" + file);
    }

    /** What is added to {@code module}, a linear module, the head or an embedding. */
    public Optional<AdaptedModule> module(String module) {
        return Optional.ofNullable(modules.get(module));
    }

    /** What is added to {@code parameter} before its module is computed. */
    public Optional<AdaptedModule> parameter(String parameter) {
        return Optional.ofNullable(parameters.get(parameter));
    }

    /** Names of all modules that something is added to, sorted. */
    public Set<String> modules() {
        Set<String> names = new TreeSet<>(modules.keySet());
        parameters.values().forEach(module -> names.add(module.name()));
        return names;
    }

    /** What loading puts in place of {@code parameter}, wherever the model uses it. */
    public Optional<AdapterTensor> overwritten(String parameter) {
        return Optional.ofNullable(overwritten.get(parameter));
    }

    /** What takes the place of {@code parameter} in a copy of its module; another module tied to it keeps the base's. */
    public Optional<AdapterTensor> copy(String parameter) {
        return Optional.ofNullable(copies.get(parameter));
    }

    /** Rows of {@code module} that are replaced. */
    public Optional<TokenRows> tokens(String module) {
        return Optional.ofNullable(tokens.get(module));
    }

    /** This plan with other values for the tensors that {@code values} names; what it derives from them follows. */
    public AdapterPlan with(Map<String, AdapterTensor> values) {
        UnaryOperator<AdapterTensor> other = tensor -> values.getOrDefault(tensor.name(), tensor);
        AdapterPlan plan = new AdapterPlan(adapter, kernel);
        modules.forEach((name, module) -> plan.modules.put(name, module.with(other)));
        parameters.forEach((name, module) -> plan.parameters.put(name, module.with(other)));
        overwritten.forEach((name, tensor) -> plan.overwritten.put(name, other.apply(tensor)));
        copies.forEach((name, tensor) -> plan.copies.put(name, other.apply(tensor)));
        tokens.forEach((name, rows) -> plan.tokens.put(name, new TokenRows(rows.ids(), other.apply(rows.rows()))));
        return plan;
    }

    /** The tensors that training changes, by name. */
    public SortedMap<String, AdapterTensor> trained() {
        SortedMap<String, AdapterTensor> trained = new TreeMap<>();
        Stream.of(
                        modules.values().stream().flatMap(module -> module.parts().values().stream()),
                        parameters.values().stream().flatMap(module -> module.parts().values().stream()),
                        overwritten.values().stream(),
                        copies.values().stream(),
                        tokens.values().stream().map(TokenRows::rows))
                .flatMap(tensors -> tensors)
                .filter(AdapterTensor::isTrained)
                .forEach(tensor -> trained.put(tensor.name(), tensor));
        return trained;
    }

    /** Every token that has a row of its own in some module, in the config's order. */
    public List<Long> trainedTokens() {
        return tokens.values().stream()
                .flatMap(rows -> rows.ids().stream())
                .distinct()
                .toList();
    }

    /** Whether the adapter acts beside what is left of the base weights without their largest singular values (PiSSA). */
    public boolean actsOnResidual() {
        return adapter.config().initialization().filter("pissa"::equals).isPresent();
    }
}
