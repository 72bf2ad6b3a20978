package io.modelassay.junit;

import io.modelassay.ModelUnderTest;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.TorchEngine;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * Gives tests their {@link ModelUnderTest}. Registered by {@link QuantizedModel}, or programmatically:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final ModelAssayExtension model = ModelAssayExtension.builder("models/Qwen2-0.5B")
 *         .quantize(Quantization.nf4())
 *         .build();
 * }</pre>
 *
 * <p>An annotation on a parameter wins over one on its method, that over one on the test method that runs, that over one
 * on the class or an enclosing class, and that over the builder.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelAssayExtension extends RecordingExtension implements ExecutionCondition, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(ModelAssayExtension.class);

    private static final List<Class<? extends Annotation>> LIFECYCLE =
            List.of(BeforeAll.class, BeforeEach.class, AfterEach.class, AfterAll.class);

    private final @Nullable ModelSpec fallback;

    /** For registration by annotation. */
    public ModelAssayExtension() {
        this(null);
    }

    private ModelAssayExtension(@Nullable ModelSpec fallback) {
        this.fallback = fallback;
    }

    /** Starts an extension whose models come from {@code location}, as {@link QuantizedModel#value} describes it. */
    public static Builder builder(String location) {
        return new Builder(location);
    }

    /** Settings of an extension that is registered programmatically; the same rules as the annotation's. */
    @API(status = API.Status.EXPERIMENTAL)
    public static final class Builder {
        private final String location;
        private @Nullable Quantization quantization;
        private String reference = "";
        private Device device = Device.AUTO;
        private DType dtype = DType.AUTO;
        private String sha256 = "";
        private WhenMissing whenMissing = WhenMissing.FAIL;

        private Builder(String location) {
            this.location = location;
        }

        /** See {@link QuantizedModel#quantize}. */
        public Builder quantize(Quantization applied) {
            this.quantization = applied;
            return this;
        }

        /** See {@link QuantizedModel#reference}. */
        public Builder reference(String twin) {
            this.reference = twin;
            return this;
        }

        /** See {@link QuantizedModel#device}. */
        public Builder device(Device chosen) {
            this.device = chosen;
            return this;
        }

        /** See {@link QuantizedModel#dtype}. */
        public Builder dtype(DType chosen) {
            this.dtype = chosen;
            return this;
        }

        /** See {@link QuantizedModel#sha256}. */
        public Builder sha256(String hash) {
            this.sha256 = hash;
            return this;
        }

        /** See {@link QuantizedModel#whenMissing}. */
        public Builder whenMissing(WhenMissing policy) {
            this.whenMissing = policy;
            return this;
        }

        /**
         * The extension.
         *
         * @throws ConfigurationException for settings that cannot mean anything
         */
        public ModelAssayExtension build() {
            return new ModelAssayExtension(new ModelSpec(
                    location,
                    Optional.ofNullable(quantization),
                    reference,
                    device,
                    dtype,
                    sha256,
                    whenMissing,
                    "ModelAssayExtension.builder(\"" + location + "\")"));
        }
    }

    /** The model of a test method is also the one of the constructor that runs for it. */
    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
        return ExtensionContextScope.TEST_METHOD;
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        if (fallback != null) {
            // Of two extensions only one may answer for a parameter, so the annotation's has to know of this one.
            context.getStore(NAMESPACE).put(ModelSpec.class, fallback);
        }
        try {
            Optional<String> obstacle = specsOf(context).stream()
                    .map(spec -> obstacle(spec, context))
                    .flatMap(Optional::stream)
                    .findFirst();
            obstacle.ifPresent(reason -> recordClass(context, "skipped", reason));
            return obstacle.map(ConditionEvaluationResult::disabled)
                    .orElseGet(() -> ConditionEvaluationResult.enabled("The models are there"));
        } catch (ConfigurationException e) {
            recordClass(context, "failed", String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /** Why a test cannot run here without that being its failure. */
    private static Optional<String> obstacle(ModelSpec spec, ExtensionContext context) {
        Optional<String> missing = spec.missing(context.getRequiredTestClass());
        if (missing.isPresent() && spec.whenMissing() == WhenMissing.SKIP) {
            return Optional.of("No artifact \"" + missing.get() + "\" (whenMissing = SKIP)");
        }
        if (spec.device() == Device.GPU && !ModelAssayConfiguration.gpuRequired(context) && !TorchEngine.seesGpu()) {
            return Optional.of("No GPU here; " + ModelAssayConfiguration.GPU + " = required makes this a failure");
        }
        return Optional.empty();
    }

    /** The watcher is told of tests only. */
    private static void recordClass(ExtensionContext context, String outcome, String message) {
        if (context.getTestMethod().isEmpty()) {
            RunResources.of(context).tested(context, outcome, message);
        }
    }

    /** Everything that this class or method itself asks for: its parameters, and those of what runs around its tests. */
    private List<ModelSpec> specsOf(ExtensionContext context) {
        Stream<? extends Executable> executables = context.getTestMethod().isPresent()
                ? context.getTestMethod().stream()
                : aroundTests(context.getRequiredTestClass());
        Stream<AnnotatedElement> elements = Stream.concat(
                context.getElement().stream(),
                executables.flatMap(
                        executable -> Stream.concat(Stream.of(executable), Arrays.stream(executable.getParameters()))));
        List<ModelSpec> specs = new ArrayList<>();
        elements.distinct()
                .forEach(element -> annotation(element)
                        .map(found -> ModelSpec.of(found, place(element)))
                        .ifPresent(specs::add));
        if (fallback != null && inForce(context).isEmpty()) {
            specs.add(fallback);
        }
        return specs;
    }

    static Stream<Executable> aroundTests(Class<?> test) {
        List<Method> methods = ReflectionSupport.findMethods(
                test,
                method -> LIFECYCLE.stream().anyMatch(kind -> AnnotationSupport.isAnnotated(method, kind)),
                HierarchyTraversalMode.TOP_DOWN);
        return Stream.concat(Arrays.stream(test.getDeclaredConstructors()), methods.stream());
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        if (parameter.getParameter().getType() != ModelUnderTest.class) {
            return false;
        }
        boolean registered = context.getStore(NAMESPACE).get(ModelSpec.class) != null;
        return fallback == null
                ? !registered
                : registered || inForce(parameter.getParameter(), context).isEmpty();
    }

    @Override
    public ModelUnderTest resolveParameter(ParameterContext parameter, ExtensionContext context) {
        ModelSpec spec = spec(parameter.getParameter(), context);
        Optional<Quantization> variant = EachQuantizationProvider.variant(context);
        ModelSpec quantized = variant.map(spec::quantizedAs).orElse(spec);
        if (quantized.device() == Device.GPU && !TorchEngine.seesGpu()) {
            throw new ModelLoadException(
                    JUnitProblem.GPU_REQUIRED,
                    "No GPU here, and " + quantized.origin() + " asks for one (" + ModelAssayConfiguration.GPU
                            + " = required)",
                    "a machine with a GPU, or device = Device.AUTO");
        }
        return RunResources.of(context)
                .models()
                .get(
                        quantized.settings(context.getRequiredTestClass()),
                        quantized.sha256(),
                        ModelAssayConfiguration.loadTimeout(context));
    }

    private ModelSpec spec(Parameter parameter, ExtensionContext context) {
        return inForce(parameter, context)
                .flatMap(element -> annotation(element).map(found -> ModelSpec.of(found, place(element))))
                .or(() -> Optional.ofNullable(fallback))
                .orElseThrow(() -> new ConfigurationException(
                        "The ModelUnderTest parameter of " + place(parameter.getDeclaringExecutable())
                                + " has no model",
                        "@QuantizedModel(\"path\") on the parameter, the method or the class"));
    }

    /** Where the annotation stands that gives {@code parameter} its model. */
    private static Optional<AnnotatedElement> inForce(Parameter parameter, ExtensionContext context) {
        return Stream.of(parameter, parameter.getDeclaringExecutable())
                .filter(element -> annotation(element).isPresent())
                .findFirst()
                .or(() -> inForce(context));
    }

    private static Optional<AnnotatedElement> inForce(ExtensionContext context) {
        return Stream.iterate(Optional.of(context), Optional::isPresent, at -> at.flatMap(ExtensionContext::getParent))
                .flatMap(at -> at.flatMap(ExtensionContext::getElement).stream())
                .filter(element -> annotation(element).isPresent())
                .findFirst();
    }

    private static Optional<QuantizedModel> annotation(AnnotatedElement element) {
        return AnnotationSupport.findAnnotation(element, QuantizedModel.class);
    }

    static String place(AnnotatedElement element) {
        if (element instanceof Class<?> type) {
            return type.getName();
        }
        if (element instanceof Executable executable) {
            String type = executable.getDeclaringClass().getName();
            return executable instanceof Method ? type + "." + executable.getName() : "the constructor of " + type;
        }
        if (element instanceof Parameter parameter) {
            return "parameter " + parameter.getName() + " of " + place(parameter.getDeclaringExecutable());
        }
        return element.toString();
    }
}
