# SPDX-License-Identifier: Apache-2.0
"""Networks for images, with weights trained on ImageNet."""

from caudal.keras.applications import imagenet_utils
from caudal.keras.applications.densenet import DenseNet121, DenseNet169, DenseNet201
from caudal.keras.applications.inception_resnet_v2 import InceptionResNetV2
from caudal.keras.applications.inception_v3 import InceptionV3
from caudal.keras.applications.mobilenet import MobileNet
from caudal.keras.applications.mobilenet_v2 import MobileNetV2
from caudal.keras.applications.nasnet import NASNetLarge, NASNetMobile
from caudal.keras.applications.resnet50 import ResNet50
from caudal.keras.applications.vgg16 import VGG16
from caudal.keras.applications.vgg19 import VGG19
from caudal.keras.applications.xception import Xception
