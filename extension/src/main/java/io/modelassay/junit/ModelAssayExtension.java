package io.modelassay.junit;

import io.modelassay.ModelUnderTest;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.TorchEngine;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestWatcher;
import org.junit.platform.commons.support.AnnotationSupport;

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
 * <p>An annotation on a parameter wins over one on the method, that over one on the class, and that over the builder.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelAssayExtension implements ExecutionCondition, ParameterResolver, TestWatcher {
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
                    "a registered extension"));
        }
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Class<?> test = context.getRequiredTestClass();
        for (ModelSpec spec : specsOf(context)) {
            Optional<Path> folder = spec.folder(test);
            if (folder.isEmpty() && spec.whenMissing() == WhenMissing.SKIP) {
                return ConditionEvaluationResult.disabled(
                        "No artifact \"" + spec.location() + "\" (whenMissing = SKIP)");
            }
            if (spec.device() == Device.GPU
                    && !TorchEngine.seesGpu()
                    && !ModelAssayConfiguration.gpuRequired(context)) {
                return ConditionEvaluationResult.disabled(
                        "No GPU here; " + ModelAssayConfiguration.GPU + " = required makes this a failure");
            }
        }
        return ConditionEvaluationResult.enabled("The models are there");
    }

    /** Everything that this class or method itself asks for, its parameters included. */
    private List<ModelSpec> specsOf(ExtensionContext context) {
        List<AnnotatedElement> elements = new ArrayList<>();
        context.getElement().ifPresent(elements::add);
        context.getTestMethod().map(Method::getParameters).map(Arrays::asList).ifPresent(elements::addAll);
        List<ModelSpec> specs = new ArrayList<>();
        for (AnnotatedElement element : elements) {
            annotation(element).ifPresent(found -> specs.add(ModelSpec.of(found, place(element))));
        }
        if (fallback != null) {
            specs.add(fallback);
        }
        return specs;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == ModelUnderTest.class;
    }

    @Override
    public ModelUnderTest resolveParameter(ParameterContext parameter, ExtensionContext context) {
        ModelSpec spec = spec(parameter.getParameter(), context);
        Optional<Quantization> variant = EachQuantizationProvider.variant(context);
        ModelSpec quantized = variant.map(spec::quantizedAs).orElse(spec);
        return RunResources.of(context)
                .models()
                .get(quantized.settings(context.getRequiredTestClass()), quantized.sha256());
    }

    private ModelSpec spec(Parameter parameter, ExtensionContext context) {
        Optional<QuantizedModel> own = annotation(parameter);
        if (own.isPresent()) {
            return ModelSpec.of(own.get(), place(parameter));
        }
        for (Optional<ExtensionContext> at = Optional.of(context);
                at.isPresent();
                at = at.get().getParent()) {
            Optional<AnnotatedElement> element = at.get().getElement();
            Optional<QuantizedModel> found = element.flatMap(ModelAssayExtension::annotation);
            if (found.isPresent()) {
                return ModelSpec.of(found.get(), place(element.get()));
            }
        }
        if (fallback != null) {
            return fallback;
        }
        throw new ConfigurationException("The ModelUnderTest parameter of " + place(parameter.getDeclaringExecutable())
                + " has no model\nTry: @QuantizedModel(\"path\") on the parameter, the method or the class");
    }

    private static Optional<QuantizedModel> annotation(AnnotatedElement element) {
        return AnnotationSupport.findAnnotation(element, QuantizedModel.class);
    }

    private static String place(AnnotatedElement element) {
        if (element instanceof Class<?> type) {
            return type.getName();
        }
        if (element instanceof java.lang.reflect.Executable executable) {
            return executable.getDeclaringClass().getName() + "." + executable.getName();
        }
        if (element instanceof Parameter parameter) {
            return "parameter " + parameter.getName() + " of " + place(parameter.getDeclaringExecutable());
        }
        return element.toString();
    }

    @Override
    public void testSuccessful(ExtensionContext context) {
        RunResources.of(context).tested(context, "passed", "");
    }

    @Override
    public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
        RunResources.of(context).tested(context, "failed", cause == null ? "" : String.valueOf(cause.getMessage()));
    }

    @Override
    public void testAborted(ExtensionContext context, @Nullable Throwable cause) {
        RunResources.of(context).tested(context, "aborted", cause == null ? "" : String.valueOf(cause.getMessage()));
    }

    @Override
    public void testDisabled(ExtensionContext context, Optional<String> reason) {
        RunResources.of(context).tested(context, "skipped", reason.orElse(""));
    }
}
